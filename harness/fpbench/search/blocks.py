"""Searching block after block, keeping each finished one, so that a killed run goes on."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float32

from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.truth import distances_s, nearest_rows
from fpbench.files import make_folder
from fpbench.hashing import content_key
from fpbench.plugin.blame import blame
from fpbench.plugin.checked import search_checked
from fpbench.plugin.datasets import Positions
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.indexes import BlockIndex, Candidates, GrowingIndex
from fpbench.prefetch import prefetch
from fpbench.search.distractors import CHUNK, DistractorSource
from fpbench.search.scores import paired_products
from fpbench.search.sequences import PositionwiseIndex, Rows

KIND = "evidence"

Queries = Float32[np.ndarray, "queries dim"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateStore:
    """The cells of one search in a store, finished ones and those to come.

    Args:
        key: Of everything that shapes a cell: queries, distractors, index and what trained it.
        k: Candidates per query and cell.
    """

    store: Store
    key: str
    k: int

    def address(self, start: int, stop: int) -> str:
        """Where the cell of rows [start, stop) lies."""
        return content_key(search=self.key, k=self.k, start=start, stop=stop)

    def read(self, start: int, stop: int) -> Candidates | None:
        """A finished cell; None if it is still to be made."""
        arrays = self.store.read(KIND, self.address(start, stop))
        if arrays is None:
            return None
        return Candidates(arrays["ids"].astype(np.int64), arrays["keys"], arrays["scores"])

    def require(self, start: int, stop: int) -> Candidates:
        """Finished candidates.

        Raises:
            FpbenchError: They are not there: another process has emptied the cache.
        """
        found = self.read(start, stop)
        if found is None:
            raise FpbenchError(
                f"candidates of rows {start} to {stop} have vanished from {self.store.root}",
                hint="run the same command again; it makes only what is missing",
            )
        return found

    def write(self, start: int, stop: int, cell: Candidates) -> None:
        """Keep a finished cell; once this returns not even a power cut takes it away."""
        narrow = np.int32 if stop - start < 2**31 else np.int64
        arrays = {"ids": cell.ids.astype(narrow), "keys": cell.keys, "scores": cell.scores}
        self.store.write(KIND, self.address(start, stop), arrays)


@dataclass(frozen=True, slots=True)
class BlockSearch:
    """An index, where what it finds is kept, and the plugin that errors name."""

    index: BlockIndex
    cells: CandidateStore
    plugin: str

    def search(self, queries: Queries, block: Iterator[Vectors], k: int, rows: int) -> Candidates:
        """The k best of a block of so many rows, for each query or each of its positions."""
        positions = self.index.length if isinstance(self.index, PositionwiseIndex) else 1
        return search_checked(
            lambda: self.index.search(queries, block, k),
            self.plugin,
            shape=(len(queries) * positions, k),
            rows=rows,
        )


def search_blocks(
    searchers: Sequence[BlockSearch],
    queries: Queries,
    source: DistractorSource,
    edges: Sequence[int],
) -> Iterator[tuple[int, bool]]:
    """Search every block that is not in the store yet, drawing it once for all indexes.

    Yields:
        After each block, how many distractors have been dealt with, and whether the block's cells
        were there already.
    """
    for start, stop in pairwise(edges):
        missing = [s for s in searchers if s.cells.read(start, stop) is None]
        rows = prefetch(source.rows(start, stop)) if missing else iter(())
        for searcher, reading in zip(missing, _replay_rows(rows, missing), strict=True):
            cell = searcher.search(queries, reading, searcher.cells.k, stop - start)
            searcher.cells.write(start, stop, cell)
        yield stop, not missing


def _replay_rows(
    rows: Iterator[Vectors], searchers: Sequence[BlockSearch]
) -> Iterator[Iterator[Vectors]]:
    """The same rows for each searcher, one after the other; between them they are on disk."""
    if len(searchers) <= 1:
        yield from [rows] * len(searchers)
        return
    with tempfile.TemporaryFile(dir=make_folder(searchers[0].cells.store.root)) as file:
        dim = 0

        def recorded() -> Iterator[Vectors]:
            nonlocal dim
            for chunk in rows:
                dim = chunk.shape[1]
                chunk.tofile(file)
                yield chunk

        def replayed() -> Iterator[Vectors]:
            file.seek(0)
            while dim and len(flat := np.fromfile(file, np.float32, CHUNK * dim)):
                yield flat.reshape(-1, dim)

        first = recorded()
        yield first
        for _ in first:  # an index need not have read to the end
            pass
        for _ in searchers[1:]:
            yield replayed()


def search_reference(searcher: BlockSearch, queries: Queries, reference: Rows) -> Candidates:
    """The reference's cell; ids are its rows.

    One more than of blocks is kept, see :class:`fpbench.evidence.evidence.Evidence`.
    """
    k = searcher.cells.k + 1
    return searcher.search(queries, _chunks(reference), k, len(reference))


def gather_evidence(
    reference_cell: Candidates,
    cells: CandidateStore,
    edges: Sequence[int],
    *,
    queries: Queries,
    reference: Rows,
    reference_positions: Positions,
    truth: Positions,
) -> Evidence:
    """Put finished cells together.

    Raises:
        FpbenchError: A block's cell is not in the store: let :func:`search_blocks` finish first.
    """
    return Evidence(
        query_track=truth.track,
        reference=reference_cell,
        distance_s=distances_s(reference_cell.ids, reference_positions, truth),
        match_score=match_scores(queries, reference, reference_positions, truth),
        edges=np.array(edges, dtype=np.int64),
        blocks=[cells.require(*block) for block in pairwise(edges)],
    )


def match_scores(
    queries: Queries, reference: Rows, reference_positions: Positions, truth: Positions
) -> np.ndarray:
    """Score of each query with the row nearest to its true time; -inf where there is none."""
    scores = np.full(len(queries), -np.inf, dtype=np.float32)
    rows = nearest_rows(reference_positions, truth)
    there = rows >= 0
    scores[there] = paired_products(queries[there], np.asarray(reference[rows[there]]))
    return scores


def grow_index(
    index: GrowingIndex,
    queries: Queries,
    reference: Rows,
    source: DistractorSource,
    *,
    sizes: Sequence[int],
    k: int,
    plugin: str,
) -> Iterator[tuple[int, Candidates | None]]:
    """Fill an index with the reference and then with distractors, and ask it at each size.

    Args:
        plugin: Whom errors name.

    Yields:
        After every chunk, how many distractors are in, and the answers where that is one of
        ``sizes`` (rising).
    """

    def add(rows: Vectors) -> None:
        with blame(plugin, f"adding {len(rows)} rows"):
            index.add(rows)

    def answer(distractors: int) -> Candidates:
        held = len(reference) + distractors
        shape = (len(queries), k)
        return search_checked(lambda: index.search(queries, k), plugin, shape=shape, rows=held)

    for rows in _chunks(reference):
        add(rows)
    for start, stop in pairwise([0, *sizes]):
        if start == stop:
            yield stop, answer(stop)
        done = start
        for rows in prefetch(source.rows(start, stop)):
            add(rows)
            done += len(rows)
            yield done, answer(done) if done == stop else None


def _chunks(vectors: Rows) -> Iterator[Vectors]:
    for start in range(0, len(vectors), CHUNK):
        yield np.array(vectors[start : start + CHUNK])  # a copy: memory maps are read-only
