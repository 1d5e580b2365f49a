"""Distractors and reference as the rows of one database, in which a row's id is its number."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.plugin.fingerprinters import Vectors
from fpbench.search.distractors import CHUNK
from fpbench.search.drawn_rows import DrawnRows


@dataclass(frozen=True, slots=True)
class Concatenation:
    """The first so many distractors, then the reference, without a copy of either.

    Args:
        distractors: May be a memory map, of which only the rows in use are read. Of drawn ones,
            only those that are kept can be taken.
        reference: Likewise.
        size: Number of distractors in use.
    """

    distractors: Float32[np.ndarray, "distractors dim"] | DrawnRows
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
            self.distractors.take(ids, 0, out, "clip")
            if of_reference.any():
                out[of_reference] = self.reference[ids[of_reference] - self.size]
        return out

    def chunks(self, start: int, stop: int) -> Iterator[Vectors]:
        """Rows [start, stop), a few at a time."""
        parts = ((self.distractors, 0, self.size), (self.reference, self.size, len(self)))
        for part, first, last in parts:
            for at in range(max(start, first), min(stop, last), CHUNK):
                until = min(at + CHUNK, stop, last)
                yield np.array(part[at - first : until - first])  # memory maps are read-only
