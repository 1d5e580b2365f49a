"""FAISS indexes whose answers decompose: a trained quantiser, filled, searched and emptied again.

The k nearest of a whole database by compressed distance are the merge of the k nearest of each
block, because a distance depends on the query, the code and what was trained, not on other rows.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from fpbench import BlockIndex, Candidates, FpbenchError, Vectors
from fpbench.inner_products import products_at
from fpbench.ranking import k_smallest, no_candidates
from fpbench_plugins.faiss_indexes.neighbours import neighbours, require_finite
from fpbench_plugins.faiss_indexes.recipes import Recipe, Value, built, parameters_of

PIECE = 250_000  # rows kept at a time, whole, for their exact scores: 128 MB of 128 dims


class FaissBlockIndex(BlockIndex):
    """Implements :class:`fpbench.BlockIndex`; ``keys`` are FAISS's distances."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._index: Any = None

    @property
    def parameters(self) -> Mapping[str, Value]:
        return parameters_of(self._recipe)

    @property
    def training_rows(self) -> int:
        return self._recipe.training_rows

    def train(self, vectors: Vectors, /) -> None:
        require_finite(vectors, "training vector")
        self._index = built(self._recipe, vectors.shape[1])
        try:
            self._index.train(np.ascontiguousarray(vectors))
        except RuntimeError as err:
            reason = str(err).strip().splitlines()[-1]
            raise FpbenchError(
                f"FAISS cannot be trained on {len(vectors)} vectors: {reason}",
                hint="give it more distractors or ask for fewer lists",
            ) from err

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        require_finite(queries, "query")
        best = no_candidates(len(queries), k)
        first_id = 0
        for rows in pieces(block):
            require_finite(rows, "database vector", first_id)
            self._index.reset()
            for start in range(0, len(rows), 10_000):
                self._index.add(rows[start : start + 10_000])
            ids, keys = neighbours(self._index, queries, k)
            scores = products_at(queries, rows, ids)
            found = Candidates(np.where(ids < 0, -1, ids + first_id), keys, scores)
            best = k_smallest(best, found)
            first_id += len(rows)
        self._index.reset()
        return best


def pieces(block: Iterator[Vectors]) -> Iterator[Vectors]:
    """The same rows in pieces of ``PIECE`` rows or a little more, whatever the chunks are."""
    held: list[Vectors] = []
    for chunk in block:
        held.append(chunk)
        if sum(map(len, held)) >= PIECE:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)
