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

    @property
    def dim(self) -> int:
        """Numbers in a row."""
        dim: int = self.reference.shape[1]
        return dim

    def take(
        self,
        ids: Int64[np.ndarray, "*some"],
        out: Float32[np.ndarray, "*some dim"] | None = None,
    ) -> Float32[np.ndarray, "*some dim"]:
        """A copy of the rows of these ids, in ``out`` if it is given."""
        if out is None:
            out = np.empty((*ids.shape, self.dim), dtype=np.float32)
        of_reference = ids >= self.size
        # In another mode, NumPy writes to other memory first.
        if of_reference.all():
            np.take(self.reference, ids - self.size, axis=0, out=out, mode="clip")
        else:
            np.take(self.distractors, ids, axis=0, out=out, mode="clip")
            if of_reference.any():
                out[of_reference] = self.reference[ids[of_reference] - self.size]
        return out

    def chunks(self, start: int, stop: int) -> Iterator[Vectors]:
        """Rows [start, stop), a few at a time."""
        for part, first in ((self.distractors[: self.size], 0), (self.reference, self.size)):
            begin, end = max(start - first, 0), min(stop - first, len(part))
            for at in range(begin, end, CHUNK):
                yield np.array(part[at : min(at + CHUNK, end)])  # memory maps are read-only
