"""A block index of a few lines, and distractors that list what is read of them."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from fpbench import Candidates, Vectors
from fpbench.search.scores import sum_by_halves

DIM = 6


class Scan:
    """A block index that scores every pair."""

    kind: Final = "block"
    exact = True
    training_rows = 0

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        return {}

    def train(self, vectors: Vectors, /) -> None: ...

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        return best_of(queries, np.concatenate(list(block)), k)


def best_of(queries: Vectors, rows: Vectors, k: int) -> Candidates:
    scores = sum_by_halves(queries[:, None] * rows[None])
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(scores, order, axis=1)
    return Candidates(order, -best, best)


class Slices:
    """Distractors from one array; lists what is read."""

    def __init__(self, rows: Vectors) -> None:
        self._rows = rows
        self.read: list[tuple[int, int]] = []

    @property
    def rows_available(self) -> int:
        return len(self._rows)

    def rows(self, start: int, stop: int) -> Iterator[Vectors]:
        self.read.append((start, stop))
        for first in range(start, stop, 70):
            yield self._rows[first : min(first + 70, stop)]


def unit(n: int, rng: np.random.Generator) -> Vectors:
    # Coarse coordinates, so that equal scores occur.
    x = rng.integers(-3, 4, (n, DIM)).astype(np.float32) + np.float32(0.5)
    return x / np.linalg.norm(x, axis=1, keepdims=True)
