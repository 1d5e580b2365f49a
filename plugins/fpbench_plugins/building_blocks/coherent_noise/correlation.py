"""Correlation of noise that gives fingerprints of a wanted similarity.

A generator G turns normal noise into fingerprints. Two fingerprints whose noise has the correlation
c in each entry have the mean similarity ``f(c) = E[G(z) . G(c z + sqrt(1 - c^2) z')]``. f rises
from its value at c = 0, where fingerprints are independent, to that of equal ones at c = 1: its
series in c has coefficients that are squares. (They are those of the Hermite expansion of G;
Mehler's formula, as in the construction of Gaussian copulas with given correlations: Cario and
Nelson 1997, "Modeling and generating random vectors with arbitrary marginal distributions and
correlation matrix".)
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from fpbench import NoiseGenerator
from fpbench.plugin.generators import draw_noise

LEAST_EIGENVALUE = 1e-4
"""Of a correlation matrix: measured similarities need not be those of any process."""

_LOWEST = -0.5  # correlation in the table: tracks that change sides are no less alike than that
_POINTS = 31


@dataclass(frozen=True, slots=True)
class SimilarityTable:
    """The similarity of fingerprints for some correlations of their noise, both ascending."""

    correlation: Float64[np.ndarray, " points"]
    similarity: Float64[np.ndarray, " points"]

    def correlations(
        self, similarities: Float64[np.ndarray, "*shape"]
    ) -> Float64[np.ndarray, "*shape"]:
        """The correlations of noise that give these similarities, or the nearest possible ones."""
        found: Float64[np.ndarray, "*shape"] = np.interp(
            similarities, self.similarity, self.correlation
        )
        return found


def tabulate_similarities(
    generator: NoiseGenerator, pairs: int, rng: np.random.Generator
) -> SimilarityTable:
    """Tabulate f of a generator.

    Args:
        pairs: Pairs of noise; all correlations have the same ones, so that errors are alike.
    """
    z, other = (draw_noise(pairs, generator.noise_dim, rng) for _ in range(2))
    first = generator.decode(z).astype(np.float64)
    # Dense near 1, where the similarity of coarse generators changes fastest.
    correlation = np.sin(np.linspace(np.arcsin(_LOWEST), np.pi / 2, _POINTS))
    similarity = np.empty(_POINTS)
    for place, c in enumerate(correlation):
        noise = np.float32(c) * z + np.float32(np.sqrt(max(0.0, 1 - c * c))) * other
        similarity[place] = np.einsum("nd,nd->", first, generator.decode(noise)) / pairs
    lowest = int(similarity.argmin())
    return SimilarityTable(correlation[lowest:], np.maximum.accumulate(similarity[lowest:]))


def noise_factor(
    correlations: Float64[np.ndarray, " lags"],
) -> Float32[np.ndarray, "rows rows"]:
    """A lower triangular B, so that the rows of B E have the wanted correlations.

    E is normal noise, and C = B B^T is the Toeplitz matrix of the correlations. Its eigenvalues are
    raised to :data:`LEAST_EIGENVALUE` and its diagonal is made 1 again, so that each row of B E is
    standard normal noise.

    Args:
        correlations: At lags 1, 2, ...; B has one row more.
    """
    by_lag = np.concatenate([[1.0], correlations])
    rows = np.arange(len(by_lag))
    C = by_lag[np.abs(rows[:, None] - rows)]
    eigenvalues, vectors = np.linalg.eigh(C)
    if eigenvalues[0] < LEAST_EIGENVALUE:
        C = (vectors * np.maximum(eigenvalues, LEAST_EIGENVALUE)) @ vectors.T
    scale = 1 / np.sqrt(np.diag(C))
    factor: Float32[np.ndarray, "rows rows"] = np.linalg.cholesky(
        C * scale[:, None] * scale
    ).astype(np.float32)
    return factor
