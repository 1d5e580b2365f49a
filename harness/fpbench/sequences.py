"""Queries of several fingerprints: exact search for a run is exact search for one long vector."""

import math
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int64

from fpbench.plugin.fingerprinters import Vectors


class Runs:
    """Runs of consecutive fingerprints, each read as one long vector when it is asked for.

    The score of a run is the mean of the inner products of its rows (Chang et al. 2021). Rows side
    by side, divided by the square root of their number, have just that inner product, and length 1
    if the rows do.

    Args:
        vectors: May be a memory map; only the rows of wanted runs are read.
        starts: The first row of each run.
        length: Rows in a run.
    """

    def __init__(
        self,
        vectors: Float32[np.ndarray, "rows dim"],
        starts: Int64[np.ndarray, " runs"],
        length: int,
    ) -> None:
        self._vectors = vectors
        self._starts = starts
        self._length = length

    @property
    def shape(self) -> tuple[int, int]:
        """Number of runs, and the length of their vectors."""
        return len(self._starts), self._length * self._vectors.shape[1]

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, which: Any) -> Vectors:
        """Some runs: what NumPy takes as an index of one axis."""
        starts = self._starts[which]
        rows = starts[:, None] + np.arange(self._length)
        return side_by_side(self._vectors[rows])


Rows = Float32[np.ndarray, "rows dim"] | Runs


def side_by_side(
    runs: Float32[np.ndarray, "runs length dim"],
) -> Float32[np.ndarray, "runs longer"]:
    """Each run as one vector whose inner product with another is their mean score."""
    n, length, dim = runs.shape
    return runs.reshape(n, length * dim) * np.float32(1 / math.sqrt(length))


def run_starts(
    track: Int64[np.ndarray, " rows"], usable: Bool[np.ndarray, " rows"], length: int
) -> Int64[np.ndarray, " runs"]:
    """Rows at which a run within one track begins, all of whose rows are usable.

    Args:
        track: Of each row; rows of a track stand together, in order of time.
        usable: Rows that are not, silent ones for example, break runs.
        length: Rows in a run.
    """
    last = len(track) - length + 1
    if last <= 0:
        return np.zeros(0, dtype=np.int64)
    unusable = np.concatenate([[0], np.cumsum(~usable)])
    whole = unusable[length:] == unusable[:last]
    return np.flatnonzero(whole & (track[:last] == track[length - 1 :]))
