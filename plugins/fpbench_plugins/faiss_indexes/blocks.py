"""FAISS indexes whose answers decompose: a trained quantiser, filled, searched and emptied again.

The k nearest of a whole database by compressed distance are the merge of the k nearest of each
block, because a distance depends on the query, the code and what was trained, not on other rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from jaxtyping import Float32, Int64

from fpbench import BlockIndex, Candidates, Vectors
from fpbench.evidence.candidates import empty_candidates, merge_candidates
from fpbench.search.scores import products_at
from fpbench_plugins.faiss_indexes.neighbours import neighbours, require_finite
from fpbench_plugins.faiss_indexes.settings import (
    IndexSettings,
    Value,
    list_parameters,
    train_index,
)

ADDED_AT_ONCE = 50_000  # FAISS's threads wait for each other several times in every addition
MOST_ROWS = 500_000  # kept whole, for their exact scores: 256 MB of 128 dims


Chunk = Float32[np.ndarray, "_ dim"]  # of any length, unlike Vectors within one call


class FaissBlockIndex(BlockIndex):
    """Implements :class:`fpbench.BlockIndex`; ``keys`` are FAISS's distances."""

    kind: Final = "block"
    exact = False

    def __init__(self, settings: IndexSettings) -> None:
        self._settings = settings
        self._index: Any = None

    @property
    def parameters(self) -> Mapping[str, Value]:
        return list_parameters(self._settings)

    @property
    def training_rows(self) -> int:
        return self._settings.training_rows

    def train(self, vectors: Vectors, /) -> None:
        self._index = train_index(self._settings, vectors)

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        require_finite(queries, "query")
        best = empty_candidates(len(queries), k)
        first_id = 0
        for chunks in fill_index(self._index, block):
            ids, keys = neighbours(self._index, queries, k)
            scores = exact_scores(queries, chunks, ids)
            best = merge_candidates(
                best, Candidates(np.where(ids < 0, -1, ids + first_id), keys, scores)
            )
            first_id += self._index.ntotal
        self._index.reset()
        return best


def fill_index(index: Any, block: Iterator[Vectors]) -> Iterator[Sequence[Chunk]]:
    """Fill an index, and hand out the chunks that are in it whenever that is enough."""
    held: list[Chunk] = []
    rows, before = 0, 0
    index.reset()
    for chunk in block:
        require_finite(chunk, "database vector", before + rows)
        held.append(chunk)
        rows += len(chunk)
        waiting = rows - index.ntotal
        if waiting >= ADDED_AT_ONCE or rows >= MOST_ROWS:
            index.add(last_rows(held, waiting))
        if rows >= MOST_ROWS:
            yield held
            held, rows, before = [], 0, before + rows
            index.reset()
    if rows > 0:
        if rows > index.ntotal:
            index.add(last_rows(held, rows - index.ntotal))
        yield held


def last_rows(chunks: Sequence[Chunk], rows: int) -> Vectors:
    """The last few chunks, which have so many rows together."""
    first = len(chunks)
    while sum(map(len, chunks[first:])) < rows:
        first -= 1
    return np.concatenate(chunks[first:])


def exact_scores(
    queries: Float32[np.ndarray, "queries dim"],
    chunks: Sequence[Chunk],
    ids: Int64[np.ndarray, "queries k"],
) -> Float32[np.ndarray, "queries k"]:
    """Exact scores of rows of several chunks, numbered through; -inf where an id is -1."""
    scores = np.full(ids.shape, -np.inf, dtype=np.float32)
    first = 0
    for chunk in chunks:
        here = (ids >= first) & (ids < first + len(chunk))
        scores[here] = products_at(queries, chunk, np.where(here, ids - first, -1))[here]
        first += len(chunk)
    return scores
