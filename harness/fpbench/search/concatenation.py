"""Distractors and reference as the rows of one database, in which a row's id is its number."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.plugin.fingerprinters import Vectors
from fpbench.search.distractors import CHUNK


@dataclass(frozen=True, slots=True)
class Concatenation:
    """The first so many distractors, then the reference, without a copy of either.

    Args:
        distractors: May be a memory map, of which only the rows in use are read.
        reference: Likewise.
        size: Number of distractors in use.
    """

    distractors: Float32[np.ndarray, "distractors dim"]
    reference: Float32[np.ndarray, "reference dim"]
    size: int

    def __len__(self) -> int:
        return self.size + len(self.reference)

    def take(self, ids: Int64[np.ndarray, "*some"]) -> Float32[np.ndarray, "*some dim"]:
        """A copy of the rows of these ids."""
        of_reference = ids >= self.size
        if not of_reference.any():
            return np.take(self.distractors, ids, axis=0)
        if of_reference.all():
            return np.take(self.reference, ids - self.size, axis=0)
        rows = np.empty((*ids.shape, self.reference.shape[1]), dtype=np.float32)
        rows[of_reference] = self.reference[ids[of_reference] - self.size]
        rows[~of_reference] = self.distractors[ids[~of_reference]]
        return rows

    def chunks(self, start: int, stop: int) -> Iterator[Vectors]:
        """Rows [start, stop), a few at a time."""
        for part, first in ((self.distractors[: self.size], 0), (self.reference, self.size)):
            begin, end = max(start - first, 0), min(stop - first, len(part))
            for at in range(begin, end, CHUNK):
                yield np.array(part[at : min(at + CHUNK, end)])  # memory maps are read-only
