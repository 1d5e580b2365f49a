"""Tracks of normal noise, whose runs have scores with known probabilities."""

from pathlib import Path
from types import MappingProxyType

import numpy as np

from fpbench import CorrelatedNoiseGenerator, Noise, Vectors

DIM, LENGTH = 4, 2
CORRELATIONS = (0.8, 0.3)  # of neighbouring rows, in tracks of each kind
ROWS = np.array([LENGTH + 1, LENGTH])  # tracks of two runs, and of one


class Walks(CorrelatedNoiseGenerator):
    """Fingerprints are their noise, so that scores of runs are normal."""

    dim = noise_dim = DIM
    parameters = MappingProxyType({})
    track_lengths = ROWS

    def __init__(self) -> None:
        self.decoded = 0

    def track_factor(self, kind: int, /) -> np.ndarray:
        apart = np.abs(np.subtract.outer(np.arange(ROWS[kind]), np.arange(ROWS[kind])))
        return np.linalg.cholesky(CORRELATIONS[kind] ** apart).astype(np.float32)

    def decode(self, noise: Noise, /) -> Vectors:
        self.decoded += len(noise)
        return noise

    def save(self, path: Path, /) -> None:
        raise NotImplementedError
