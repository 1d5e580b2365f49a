"""Tracks of normal noise, whose runs have scores with known probabilities."""

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Int64

from fpbench import CorrelatedNoiseGenerator, Noise, Vectors

DIM, LENGTH = 4, 2
CORRELATIONS = (0.8, 0.3)  # of neighbouring rows, in tracks of each kind
ROWS = np.array([LENGTH + 1, LENGTH])  # tracks of two runs, and of one


class Walks(CorrelatedNoiseGenerator):
    """Fingerprints are their noise, so that scores of runs are normal.

    Args:
        rows: Fingerprints in a track of each kind.
        correlations: Of neighbouring rows, for each kind.
    """

    dim = noise_dim = DIM
    parameters = MappingProxyType({})

    def __init__(
        self, rows: np.ndarray = ROWS, correlations: Sequence[float] = CORRELATIONS
    ) -> None:
        self.decoded = 0
        self._rows = rows
        self._factors = [
            np.linalg.cholesky(
                correlation ** np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
            ).astype(np.float32)
            for count, correlation in zip(rows.tolist(), correlations, strict=True)
        ]

    @property
    def track_lengths(self) -> Int64[np.ndarray, " kinds"]:
        return self._rows

    def track_factor(self, kind: int, /) -> np.ndarray:
        return self._factors[kind]

    def decode(self, noise: Noise, /) -> Vectors:
        self.decoded += len(noise)
        return noise

    def save(self, path: Path, /) -> None:
        raise NotImplementedError
