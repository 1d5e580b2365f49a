"""Search block by block, keeping the candidates of each block, so that a killed run resumes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import cast

import numpy as np
from jaxtyping import Float32

from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.truth import distances_s, nearest_rows
from fpbench.hashing import content_key
from fpbench.plugin.blame import blame
from fpbench.plugin.checked import check_candidates, search_checked
from fpbench.plugin.datasets import Positions
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.indexes import BlockIndex, Candidates, GrowingIndex
from fpbench.prefetch import prefetch
from fpbench.search.distractors import CHUNK, DistractorSource
from fpbench.search.foreign_scores import foreign_scores
from fpbench.search.scores import paired_products
from fpbench.search.sequences import PositionwiseIndex, Rows, search_runs
from fpbench.search.shared_contents import search_together, share_contents

KIND = "evidence"

Queries = Float32[np.ndarray, "queries dim"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateStore:
    """Keeps the candidates of one search in the cache.

    Args:
        key: Key of all that decides the candidates: queries, distractors, index and its training.
        k: Candidates per query, of each part of the database.
    """

    store: Store
    key: str
    k: int

    def of(self, store: Store) -> "CandidateStore":
        """The same candidates in another folder."""
        return replace(self, store=store)

    def address(self, start: int, stop: int) -> str:
        """Key of the candidates of rows [start, stop)."""
        return content_key(search=self.key, k=self.k, start=start, stop=stop)

    def read(self, start: int, stop: int) -> Candidates | None:
        """The candidates of rows [start, stop); None if they are not in the cache."""
        arrays = self.store.read(KIND, self.address(start, stop))
        if arrays is None:
            return None
        return Candidates(arrays["ids"].astype(np.int64), arrays["keys"], arrays["scores"])

    def holds(self, start: int, stop: int) -> bool:
        """Whether the candidates of rows [start, stop) are in the cache; they are not read."""
        path = self.store.path(KIND, self.address(start, stop), ".npz")
        return path.exists() and self.store.counts(path)

    def require(self, start: int, stop: int) -> Candidates:
        """The candidates of rows [start, stop), which were written before.

        Raises:
            FpbenchError: They are missing: another process has emptied the cache.
        """
        candidates = self.read(start, stop)
        if candidates is None:
            raise FpbenchError(
                f"{self.store.root} no longer holds the candidates of rows {start} to {stop}",
                hint="run the same command again; it computes only what is missing",
            )
        return candidates

    def write(self, start: int, stop: int, candidates: Candidates) -> None:
        """Keep the candidates of rows [start, stop); after this call a power cut loses nothing."""
        narrow = np.int32 if stop - start < 2**31 else np.int64
        arrays = {
            "ids": candidates.ids.astype(narrow),
            "keys": candidates.keys,
            "scores": candidates.scores,
        }
        self.store.write(KIND, self.address(start, stop), arrays)


@dataclass(frozen=True, slots=True)
class BlockSearch:
    """An index that searches block by block.

    Args:
        index: The index itself.
        candidates: Keeps what it finds.
        plugin: Name of its plugin in errors.
        train: Trains the index, if it has to learn from rows; called before its first search.
        contents: Equal for indexes that can share what is trained and filled, see
            :func:`fpbench.search.shared_contents.contents_key`; None if this one cannot.
    """

    index: BlockIndex
    candidates: CandidateStore
    plugin: str
    train: Callable[[], None] = lambda: None
    contents: str | None = None

    def search(self, queries: Queries, block: Iterator[Vectors], k: int, rows: int) -> Candidates:
        """The k best candidates for each query, or for each fingerprint of each query.

        Args:
            queries: One vector per query.
            block: The rows of the block, in chunks.
            k: Candidates per query.
            rows: Number of rows in the block.
        """
        per_query = self.index.length if isinstance(self.index, PositionwiseIndex) else 1
        return search_checked(
            lambda: self.index.search(queries, block, k),
            self.plugin,
            shape=(len(queries) * per_query, k),
            rows=rows,
        )


def group_searches(searches: Sequence[BlockSearch]) -> list[list[BlockSearch]]:
    """Searches whose indexes can share their contents, in the order of the first of each group."""
    groups: dict[object, list[BlockSearch]] = {}
    for one in searches:
        groups.setdefault(one.contents or id(one), []).append(one)
    return list(groups.values())


def train_searches(searches: Sequence[BlockSearch]) -> None:
    """Train one index of each group, which the others of the group then share."""
    for first, *others in group_searches(searches):
        first.train()
        for one in others:
            share_contents(one.index, first.index)


def search_group(
    group: Sequence[BlockSearch], queries: Queries, block: Iterator[Vectors], rows: int
) -> list[Candidates]:
    """The candidates of each search of a group that :func:`train_searches` has trained.

    Args:
        group: From :func:`group_searches`; all want equally many candidates.
        queries: One vector per query.
        block: The rows of the block, in chunks.
        rows: Number of rows in the block.
    """
    first, k = group[0], group[0].candidates.k
    if len(group) == 1:
        return [first.search(queries, block, k, rows)]
    per_query = 1
    with blame(first.plugin, f"searching {rows} rows"):
        if isinstance(first.index, PositionwiseIndex):
            of_runs = [cast(PositionwiseIndex, one.index) for one in group]
            per_query = first.index.length
            found = search_runs(of_runs, queries, block, k)
        else:
            found = search_together([one.index for one in group], queries, block, k)
    shape = (len(queries) * per_query, k)
    for one in found:
        check_candidates(one, first.plugin, shape=shape, rows=rows)
    return found


def search_reference(search: BlockSearch, queries: Queries, reference: Rows) -> Candidates:
    """The candidates of the reference; ids are its rows.

    They are one more per query than those of a block, see
    :class:`fpbench.evidence.evidence.Evidence`.
    """
    k = search.candidates.k + 1
    rows = ReferenceRows(reference).rows(0, len(reference))
    return search.search(queries, rows, k, len(reference))


def gather_evidence(
    reference_candidates: Candidates,
    block_candidates: CandidateStore,
    edges: Sequence[int],
    *,
    queries: Queries,
    reference: Rows,
    reference_positions: Positions,
    truth: Positions,
) -> Evidence:
    """Combine the candidates of the reference and of all blocks.

    Raises:
        FpbenchError: The candidates of a block are missing: let the search finish first.
    """
    distance_s = distances_s(reference_candidates.ids, reference_positions, truth)
    return Evidence(
        query_track=truth.track,
        reference=reference_candidates,
        distance_s=distance_s,
        match_score=match_scores(queries, reference, reference_positions, truth),
        edges=np.array(edges, dtype=np.int64),
        blocks=[block_candidates.require(*block) for block in pairwise(edges)],
        foreign_score=foreign_scores(
            queries,
            reference,
            reference_positions,
            truth,
            candidates=reference_candidates,
            distance_s=distance_s,
        ),
    )


def match_scores(
    queries: Queries, reference: Rows, reference_positions: Positions, truth: Positions
) -> np.ndarray:
    """Score of each query with the row nearest to its true time; -inf where its track has none."""
    scores = np.full(len(queries), -np.inf, dtype=np.float32)
    rows = nearest_rows(reference_positions, truth)
    exists = rows >= 0
    scores[exists] = paired_products(queries[exists], np.asarray(reference[rows[exists]]))
    return scores


def grow_index(
    indexes: Sequence[GrowingIndex],
    queries: Queries,
    reference: Rows,
    source: DistractorSource,
    *,
    sizes: Sequence[int],
    k: int,
    plugin: str,
) -> Iterator[tuple[int, list[Candidates]]]:
    """Add the reference and then distractors to an index, and search it at each size.

    Args:
        indexes: An empty index; or several that share what is added to the first.
        queries: One vector per query.
        reference: Rows that a query can match.
        source: Where distractors come from.
        sizes: Numbers of distractors, ascending.
        k: Candidates per query.
        plugin: Name of the index's plugin in errors.

    Yields:
        After each chunk, the number of distractors in the index, and the candidates of each index
        if that number is one of ``sizes``, else none.
    """

    def add(rows: Vectors) -> None:
        with blame(plugin, f"adding {len(rows)} rows"):
            indexes[0].add(rows)

    def search_at(distractors: int) -> list[Candidates]:
        rows = len(reference) + distractors
        shape = (len(queries), k)
        return [
            search_checked(partial(index.search, queries, k), plugin, shape=shape, rows=rows)
            for index in indexes
        ]

    for rows in ReferenceRows(reference).rows(0, len(reference)):
        add(rows)
    for start, stop in pairwise([0, *sizes]):
        if start == stop:
            yield stop, search_at(stop)
        done = start
        for rows in prefetch(source.rows(start, stop)):
            add(rows)
            done += len(rows)
            yield done, search_at(done) if done == stop else []


@dataclass(frozen=True, slots=True)
class ReferenceRows:
    """The reference as a :class:`fpbench.search.distractors.DistractorSource`."""

    vectors: Rows

    @property
    def rows_available(self) -> int:
        return len(self.vectors)

    def rows(self, start: int, stop: int) -> Iterator[Vectors]:
        for first in range(start, stop, CHUNK):
            # A copy: memory maps are read-only.
            yield np.array(self.vectors[first : min(first + CHUNK, stop)])
