"""Ranks the places where a query of several fingerprints may begin in the database.

Each fingerprint of a query proposes starts: its nearest rows, shifted by its place in the query. A
start's score is the mean inner product of the query with the rows that begin there.

Source: Chang et al. 2021, section 3.3, and the evaluation script that the NAFP family shares.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64

from fpbench.machine import arithmetic_threads
from fpbench.search.concatenation import Concatenation
from fpbench.search.scores import sum_by_halves

PLACES = 10
"""Starts that are kept of each query: as many as the largest k of a metric."""

_STARTS_AT_ONCE = 25  # whose rows stay in the processor's cache

Keep = Callable[[int, Int64[np.ndarray, " starts"], int], Bool[np.ndarray, " starts"]]
"""Which starts a query of a length may have: number of the query, starts, fingerprints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedStarts:
    """The best starts of each query at each length.

    Args:
        starts: Rows of the database, best first; -1 where there are fewer.
        scores: Their scores; -inf where there is no start.
        candidates: Number of starts that were proposed.
    """

    starts: Int64[np.ndarray, "queries lengths places"]
    scores: Float32[np.ndarray, "queries lengths places"]
    candidates: Int32[np.ndarray, "queries lengths"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceQueries:
    """Queries as stretches of consecutive rows of one matrix.

    Args:
        vectors: The rows that queries are cut from; may be a memory map.
        first: First row of each query.
        segments: Lengths of queries in fingerprints, ascending. Each query is asked at every one.
        last: Where each query must end at the latest: it is cut there, and then shorter.
    """

    vectors: Float32[np.ndarray, "rows dim"]
    first: Int64[np.ndarray, " queries"]
    segments: Sequence[int]
    last: Int64[np.ndarray, " queries"]

    def rows(self) -> Int64[np.ndarray, " used"]:
        """All rows that a query uses, each once."""
        offsets = np.arange(self.segments[-1])
        rows = self.first[:, None] + offsets
        used: Int64[np.ndarray, " used"] = np.unique(rows[rows < self.last[:, None]])
        return used


def rank_starts(
    queries: SequenceQueries,
    used: Int64[np.ndarray, " used"],
    near: Int64[np.ndarray, "used k"],
    database: Concatenation,
    *,
    keep: Keep | None = None,
    places: int = PLACES,
) -> RankedStarts:
    """Rank the starts that the fingerprints of each query propose.

    A start so near the end of the database that rows are missing is scored over those that are
    there. Among equal scores the lower start comes first.

    Args:
        queries: The queries.
        used: Their rows, from :meth:`SequenceQueries.rows`.
        near: Nearest rows of the database to each of them; -1 where there are fewer.
        database: The rows that scores are computed with.
        keep: Starts that are possible; None means all.
        places: Number of starts to keep.
    """
    shape = (len(queries.first), len(queries.segments))
    found = RankedStarts(
        starts=np.full((*shape, places), -1, dtype=np.int64),
        scores=np.full((*shape, places), -np.inf, dtype=np.float32),
        candidates=np.zeros(shape, dtype=np.int32),
    )
    place_of = np.searchsorted(used, queries.first)

    def rank(number: int) -> None:
        first = queries.first[number]
        length = int(min(queries.segments[-1], queries.last[number] - first))
        at = int(place_of[number])
        starts, proposed_by = _propose(near[at : at + length])
        sums, counts = _sum_products(queries.vectors[first : first + length], starts, database)
        for column, segments in enumerate(queries.segments):
            asked = proposed_by < segments
            if keep is not None:
                asked &= keep(number, starts, segments)
            end = min(segments, length) - 1
            scores = (sums[asked, end] / counts[asked, end]).astype(np.float32)
            best = np.argsort(-scores, kind="stable")[:places]
            found.starts[number, column, : len(best)] = starts[asked][best]
            found.scores[number, column, : len(best)] = scores[best]
            found.candidates[number, column] = asked.sum()

    with ThreadPoolExecutor(arithmetic_threads(), "rank") as pool:
        list(pool.map(rank, range(len(queries.first))))  # so that an error is raised here
    return found


def _propose(
    near: Int64[np.ndarray, "length k"],
) -> tuple[Int64[np.ndarray, " starts"], Int64[np.ndarray, " starts"]]:
    """Starts in ascending order, and the first fingerprint that proposes each."""
    length, k = near.shape
    starts = np.where(near < 0, -1, near - np.arange(length)[:, None]).ravel()
    possible = np.flatnonzero(starts >= 0)
    unique, place = np.unique(starts[possible], return_index=True)
    return unique, possible[place] // k


def _sum_products(
    query: Float32[np.ndarray, "length dim"],
    starts: Int64[np.ndarray, " starts"],
    database: Concatenation,
) -> tuple[Float64[np.ndarray, "starts length"], Int64[np.ndarray, "starts length"]]:
    """Sums of the inner products up to each row of the query, and the rows that they are over."""
    offsets = np.arange(len(query))
    products = np.empty((len(starts), len(query)), dtype=np.float32)
    for at in range(0, len(starts), _STARTS_AT_ONCE):
        rows = starts[at : at + _STARTS_AT_ONCE, None] + offsets
        stretch = database.take(np.minimum(rows, len(database) - 1))
        stretch *= query
        products[at : at + _STARTS_AT_ONCE] = sum_by_halves(stretch)
    there = starts[:, None] + offsets < len(database)
    products[~there] = 0
    return products.cumsum(axis=1, dtype=np.float64), there.cumsum(axis=1)
