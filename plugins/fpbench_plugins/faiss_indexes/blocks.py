"""FAISS indexes whose answers decompose: a trained quantiser, filled, searched and emptied again.

The k nearest of a whole database by compressed distance are the merge of the k nearest of each
block, because a distance depends on the query, the code and what was trained, not on other rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from fpbench import BlockIndex, Candidates, FpbenchError, Vectors
from fpbench.inner_products import products_at
from fpbench.ranking import k_smallest, no_candidates
from fpbench_plugins.faiss_indexes.neighbours import neighbours, require_finite
from fpbench_plugins.faiss_indexes.recipes import Recipe, Value, built, parameters_of

MOST_ROWS = 500_000  # kept whole, for their exact scores: 256 MB of 128 dims


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
        for chunks in filled(self._index, block):
            ids, keys = neighbours(self._index, queries, k)
            scores = products_with(queries, chunks, ids)
            best = k_smallest(best, Candidates(np.where(ids < 0, -1, ids + first_id), keys, scores))
            first_id += self._index.ntotal
        self._index.reset()
        return best


Chunks = Sequence[Float32[np.ndarray, "_ dim"]]


def filled(index: Any, block: Iterator[Vectors]) -> Iterator[Chunks]:
    """Fill an index chunk by chunk, and hand out what is in it whenever that is enough."""
    held: list[Float32[np.ndarray, "_ dim"]] = []
    index.reset()
    for chunk in block:
        require_finite(chunk, "database vector", index.ntotal)
        index.add(np.ascontiguousarray(chunk))
        held.append(chunk)
        if index.ntotal >= MOST_ROWS:
            yield held
            held = []
            index.reset()
    if held:
        yield held


def products_with(
    queries: Float32[np.ndarray, "queries dim"],
    chunks: Sequence[Vectors],
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
