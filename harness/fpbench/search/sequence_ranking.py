"""Ranks the places where a query of several fingerprints may begin in the database.

Each fingerprint of a query proposes starts: its nearest rows, shifted by its place in the query. A
start's score is the mean inner product of the query with the rows that begin there.

Source: Chang et al. 2021, section 3.3, and the evaluation script that the NAFP family shares.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64

from fpbench.machine import arithmetic_threads
from fpbench.search.concatenation import Concatenation
from fpbench.search.scores import sum_by_halves

PLACES = 10
"""Starts that are kept of each query: as many as the largest k of a metric."""

_ROWS_AT_ONCE = 4_000  # 2 MB with 128 dims; with fewer, threads wait for the interpreter's lock

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


def propose_starts(
    queries: SequenceQueries,
    used: Int64[np.ndarray, " used"],
    near: Int64[np.ndarray, "used k"],
) -> Int64[np.ndarray, " starts"]:
    """All starts that :func:`rank_starts` may read, each once; some are negative."""
    found = [np.zeros(0, dtype=np.int64)]
    for place in range(queries.segments[-1]):
        asked = queries.first[queries.first + place < queries.last] + place
        rows = near[np.searchsorted(used, asked)]
        found.append(np.unique(rows[rows >= 0]) - place)
    return np.unique(np.concatenate(found))


class StretchReader:
    """Copies stretches of a database to memory that is used again.

    Writing to new memory takes several times as long.

    Args:
        database: The rows.
        longest: Rows in the longest stretch.
    """

    def __init__(self, database: Concatenation, longest: int) -> None:
        self.database = database
        self._copied = np.empty((max(_ROWS_AT_ONCE, longest), database.dim), dtype=np.float32)

    def stretches(
        self, starts: Int64[np.ndarray, " starts"], length: int
    ) -> Iterator[tuple[slice, Float32[np.ndarray, "some length dim"]]]:
        """The rows from each start on, a few starts at a time; they are valid until the next ones.

        In place of rows after the end of the database, there is its last one.
        """
        at_once = len(self._copied) // length
        copied = self._copied[: at_once * length].reshape(at_once, length, self.database.dim)
        for at in range(0, len(starts), at_once):
            some = slice(at, at + at_once)
            rows = np.minimum(starts[some, None] + np.arange(length), len(self.database) - 1)
            yield some, self.database.take(rows, out=copied[: len(rows)])


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

    threads = arithmetic_threads()

    def rank_some(part: int) -> None:
        read = StretchReader(database, queries.segments[-1])
        for number in range(part, len(queries.first), threads):
            rank(number, read)

    def rank(number: int, read: StretchReader) -> None:
        first = queries.first[number]
        length = int(min(queries.segments[-1], queries.last[number] - first))
        at = int(place_of[number])
        starts, proposed_by = _propose(near[at : at + length])
        asked = proposed_by[:, None] < np.array(queries.segments)
        if keep is not None:
            for column, segments in enumerate(queries.segments):
                asked[:, column] &= keep(number, starts, segments)
        found.candidates[number] = asked.sum(axis=0)
        stretch = queries.vectors[first : first + length]
        ends = [min(segments, length) - 1 for segments in queries.segments]
        possible = _find_possible(stretch, starts, read, asked, ends=ends, places=places)
        starts, asked = starts[possible], asked[possible]
        scores = _score(stretch, starts, read, ends)
        for column in range(len(ends)):
            own = np.flatnonzero(asked[:, column])
            best = own[np.argsort(-scores[own, column], kind="stable")[:places]]
            found.starts[number, column, : len(best)] = starts[best]
            found.scores[number, column, : len(best)] = scores[best, column]

    with ThreadPoolExecutor(threads, "rank") as pool:
        list(pool.map(rank_some, range(threads)))  # so that an error is raised here
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


def _find_possible(
    query: Float32[np.ndarray, "length dim"],
    starts: Int64[np.ndarray, " starts"],
    read: StretchReader,
    asked: Bool[np.ndarray, "starts lengths"],
    *,
    ends: Sequence[int],
    places: int,
) -> Bool[np.ndarray, " starts"]:
    """Mark all starts that can be among the best at any length.

    The products are those of the library, several times as fast as sums in the order of
    :func:`fpbench.search.scores.sum_by_halves`. In any order, the error of a float32 sum of dim
    products is below dim 2^-24 times the lengths of both vectors (Higham 2002, section 3.1), and so
    the error of a sum of these is below dim 2^-24 times the lengths of both stretches (Cauchy and
    Schwarz). A factor of 1.01 and 16 more roundings cover second-order terms, the error of the
    scores and their arithmetic.
    """
    products = np.empty((len(starts), len(query)), dtype=np.float32)
    longest = np.empty(len(starts))  # of a stretch
    for some, rows in read.stretches(starts, len(query)):
        np.einsum("sld,ld->sl", rows, query, out=products[some])
        longest[some] = np.vdot(rows, rows) ** 0.5  # of all in ``some`` together
    means, counts = _mean_products(products, starts, read.database, ends)
    roundings = 1.01 * (query.shape[1] + 16) * 2.0**-24
    error = roundings * longest[:, None] * np.vdot(query, query) ** 0.5 / counts
    at_least = np.where(asked, means - error, -np.inf)
    needed = np.sort(at_least, axis=0)[-places:][0]
    # Nothing is ruled out by a number that is not finite.
    possible: Bool[np.ndarray, " starts"] = (asked & ~(means + error < needed)).any(axis=1)
    return possible


def _score(
    query: Float32[np.ndarray, "length dim"],
    starts: Int64[np.ndarray, " starts"],
    read: StretchReader,
    ends: Sequence[int],
) -> Float32[np.ndarray, "starts lengths"]:
    products = np.empty((len(starts), len(query)), dtype=np.float32)
    for some, rows in read.stretches(starts, len(query)):
        products[some] = sum_by_halves(rows * query)
    means, _ = _mean_products(products, starts, read.database, ends)
    return means.astype(np.float32)


def _mean_products(
    products: Float32[np.ndarray, "starts length"],
    starts: Int64[np.ndarray, " starts"],
    database: Concatenation,
    ends: Sequence[int],
) -> tuple[Float64[np.ndarray, "starts lengths"], Int64[np.ndarray, "starts lengths"]]:
    """Means of the products up to each end, and the number of rows that they are over."""
    there = starts[:, None] + np.arange(products.shape[1]) < len(database)
    sums = np.where(there, products, 0).cumsum(axis=1, dtype=np.float64)
    counts = there.cumsum(axis=1)[:, ends]
    return sums[:, ends] / counts, counts
