"""A Gaussian with the mean and covariance of real fingerprints.

The Fréchet distance compares only means and covariances, so that of this generator is almost 0. The
hit-rate gap shows what it misses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, Float64
from safetensors.numpy import save_file

from fpbench import (
    FingerprintGenerator,
    FpbenchError,
    GeneratorMethod,
    GeneratorNeed,
    Noise,
    NoiseGenerator,
    Report,
    Vectors,
)
from fpbench_plugins.building_blocks.saved_arrays import load_arrays

ROWS_AT_ONCE = 100_000
ROWS_PER_S = 500_000.0  # fitting speed, about


@dataclass(frozen=True, slots=True, kw_only=True)
class GaussianConfig:
    """Settings of a Gaussian.

    Args:
        project: Whether draws are scaled to length 1, like real fingerprints. None means yes for
            a new generator, and the value in the file for a fitted one.
    """

    project: bool | None = None


DEFAULTS = GaussianConfig()


class GaussianGenerator(NoiseGenerator):
    """Implements :class:`fpbench.NoiseGenerator`.

    Args:
        factor: A matrix A, where A A^T is the covariance.
    """

    def __init__(
        self,
        mean: Float32[np.ndarray, " dim"],
        factor: Float32[np.ndarray, "dim dim"],
        *,
        project: bool,
    ) -> None:
        self._mean = mean
        self._factor = factor
        self._project = project

    @property
    def dim(self) -> int:
        return len(self._mean)

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        return {"project": self._project}

    @property
    def noise_dim(self) -> int:
        return self.dim

    def decode(self, noise: Noise, /) -> Vectors:
        vectors: Vectors = noise @ self._factor.T
        vectors += self._mean
        if self._project:
            lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
            vectors /= np.maximum(lengths, np.finfo(np.float32).tiny)[:, None]
        return vectors

    def save(self, path: Path, /) -> None:
        project = np.array(self._project)
        save_file({"factor": self._factor, "mean": self._mean, "project": project}, path)


@dataclass(frozen=True, slots=True)
class GaussianMethod(GeneratorMethod):
    """Implements :class:`fpbench.GeneratorMethod`."""

    learns_from: ClassVar[Sequence[Path]] = ()

    config: GaussianConfig

    def need(self, rows: int, dim: int, /) -> GeneratorNeed:
        stand_in = GaussianGenerator(
            np.zeros(dim, np.float32), np.eye(dim, dtype=np.float32), project=self._project(True)
        )
        return GeneratorNeed(
            fit_seconds=rows / ROWS_PER_S,
            fit_memory_bytes=8.0 * 2 * dim * min(rows, ROWS_AT_ONCE),
            stand_in=stand_in,
        )

    def fit(
        self, fingerprints: Vectors, /, *, seed: int, work_dir: Path, report: Report
    ) -> FingerprintGenerator:
        if len(fingerprints) < 2:
            raise FpbenchError(
                f"a Gaussian cannot be fitted to {len(fingerprints)} fingerprints",
                hint="give the generator more audio",
            )
        mean, covariance = moments(fingerprints, report)
        return GaussianGenerator(
            mean.astype(np.float32),
            square_root(covariance).astype(np.float32),
            project=self._project(True),
        )

    def load(self, path: Path, /) -> FingerprintGenerator:
        saved = load_arrays(path, "gaussian", {"factor", "mean", "project"})
        project = self._project(bool(saved["project"]))
        return GaussianGenerator(saved["mean"], saved["factor"], project=project)

    def _project(self, default: bool) -> bool:
        return default if self.config.project is None else self.config.project


def moments(
    fingerprints: Vectors, report: Report
) -> tuple[Float64[np.ndarray, " dim"], Float64[np.ndarray, "dim dim"]]:
    """Mean and covariance (divided by n) in float64. Reads a memory map from front to back."""
    rows, dim = fingerprints.shape
    # Moments about a typical row, to lose no digits when the mean is far from 0.
    origin = np.asarray(fingerprints[:1], dtype=np.float64).mean(axis=0)
    total, products = np.zeros(dim), np.zeros((dim, dim))
    for start in range(0, rows, ROWS_AT_ONCE):
        shifted = np.asarray(fingerprints[start : start + ROWS_AT_ONCE], dtype=np.float64) - origin
        total += shifted.sum(axis=0)
        products += shifted.T @ shifted
        report(min(start + ROWS_AT_ONCE, rows) / rows, "covariance")
    offset = total / rows
    return origin + offset, products / rows - np.outer(offset, offset)


def square_root(covariance: Float64[np.ndarray, "dim dim"]) -> Float64[np.ndarray, "dim dim"]:
    """The symmetric square root. Unlike a Cholesky factor, it also exists for rank < dim."""
    values, vectors = np.linalg.eigh(covariance)
    root: Float64[np.ndarray, "dim dim"] = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    return root
