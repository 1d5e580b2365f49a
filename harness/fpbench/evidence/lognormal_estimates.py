"""Probabilities that were estimated as products of many shares.

The logarithm of such an estimate is a sum of many small errors, so that it is nearly normal. The
estimate itself has no bias: if v is the variance of its logarithm, it is the median of the
log-normal distribution, which is the probability times exp(-v / 2), times exp of a normal error.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

_NODES = 9  # of the Gauss-Hermite rule
_SAMPLES = 64  # of the error, a power of two
_LARGEST_RATIO = 100.0  # of two estimates, one of which may be 0
_RAMPS, _ROUNDS = 8, 4
_LEAST_VARIANCE = 1e-3  # smaller ones are all the same

Values = Float64[np.ndarray, "..."]


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Unbiased estimates of probabilities.

    Args:
        log_p: Their natural logarithms; -inf for 0.
        variance: Variances of the logarithms.
    """

    log_p: Values
    variance: Values

    def value_of(self, curve: Callable[[Values], Values]) -> Values:
        """A curved function of the probability, without the bias that the noise gives it.

        The function of a noisy estimate is in the mean the function that the noise has smoothed.
        Smoothed once more, it differs by about as much again.
        """
        centre, error = self.log_p + self.variance / 2, np.sqrt(self.variance)
        nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
        smooth = sum(
            weight * curve(np.exp(centre + node * error))
            for node, weight in zip(nodes.tolist(), (weights / weights.sum()).tolist(), strict=True)
        )
        value: Values = 2 * curve(np.exp(centre)) - smooth
        return value

    @property
    def ends(self) -> tuple["LogNormal", "LogNormal"]:
        """The estimates one standard error up, and one down."""
        error = np.sqrt(self.variance)
        up, down = (LogNormal(self.log_p + each, self.variance) for each in (error, -error))
        return up, down


def estimates_of(log_p: Float64[np.ndarray, "*shape replicates"]) -> LogNormal:
    """Put the replicates of each probability together.

    Args:
        log_p: Natural logarithms of independent unbiased estimates, at least two of each.
    """
    replicates = [log_p[..., number] for number in range(log_p.shape[-1])]
    whole, *halves = map(_log_mean, (replicates, replicates[::2], replicates[1::2]))
    return LogNormal(whole, _fit_variance(whole, *halves))


def balanced_samples(count: int) -> Bool[np.ndarray, "samples {count}"]:
    """Which of ``count`` independent estimates are one standard error up in each sample.

    The others are one down. The variance of any smooth function of the estimates is about that of
    its values over the samples: every two estimates are as often on the same side as not, or else,
    since there are more estimates than samples, always or never, by chance.

    Source: McCarthy 1969, "Pseudo-replication: half samples" (balanced repeated replication), with
        both members of a pair one standard error from their mean.
    """
    from scipy.linalg import hadamard

    columns = 1 + np.arange(count) % (_SAMPLES - 1)
    is_turned = np.random.default_rng(0).random(count) < 0.5
    is_up: Bool[np.ndarray, "samples estimates"] = (hadamard(_SAMPLES)[:, columns] > 0) ^ is_turned
    return is_up


def _log_mean(log_p: list[Values]) -> Values:
    """Logarithm of the mean probability."""
    with np.errstate(divide="ignore"):
        logarithm: Values = np.log(np.mean(np.exp(log_p), axis=0))
    return logarithm


def _fit_variance(whole: Values, first: Values, second: Values) -> Values:
    """Variance of the logarithms: a convex curve over their depth, fitted to the halves of all.

    One query has only the difference of its two halves, which says little. Searched rows are
    counted, with hardly any error; each level above them adds to it, and more so the more particles
    have common parents. The curve is a sum of ramps that begin at quantiles of the depth, the
    likeliest one if differences are normal.
    """
    from scipy.optimize import nnls

    known = np.isfinite(whole) & (whole < 0)
    variance: Values = np.zeros_like(whole)
    if known.any():
        depth = -whole[known]
        apart = np.minimum(np.abs(first[known] - second[known]), np.log(_LARGEST_RATIO))
        noise = (apart / 2) ** 2
        starts = np.quantile(depth, np.arange(_RAMPS) / _RAMPS)
        ramps = np.column_stack([np.ones_like(depth), np.maximum(depth[:, None] - starts, 0)])
        fitted = np.full_like(depth, noise.mean())
        for _ in range(_ROUNDS):
            # The error of a variance grows with it.
            weight = 1 / np.maximum(fitted, _LEAST_VARIANCE)
            fitted = ramps @ nnls(ramps * weight[:, None], noise * weight)[0]
        variance[known] = fitted
    return variance
