"""Tails of distances: how often a distractor is as close to a query as its match, from the closest.

The closest distractors of a query lie at distances r below a distance r(u). Around a point, the
number of neighbours grows as a power of the distance, so that y = ln(r(u) / r) is about
exponentially distributed, with a mean of its own for each query. Two models continue this
distribution to the distance of the match: exponentials, and generalised Pareto distributions with
one shape for all queries.

Sources: Amsaleg et al. 2015, "Estimating local intrinsic dimensionality"; Pugh 1963, "The best
    estimate of reliability in the exponential case"; Hosking and Wallis 1987, "Parameter and
    quantile estimation for the generalized Pareto distribution".
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64

ROWS = 20
"""Maximum distractors of each query that its tail is estimated from."""

_LEAST_SQUARE = 2.0**-22  # of a distance: rounding of an inner product of float32 near 1
_SMALL_SHAPE = 1e-3  # below it, formulas of the Pareto distribution are series
_LARGEST_SHAPE = 0.9
_STEP = 1e-4  # of numerical derivatives by the shape


@dataclass(frozen=True, slots=True)
class DistanceTails:
    """The closest distractors of each query in one database.

    Args:
        threshold: Scores above it belong to the tail, and all of them are known.
        above: Number of distractors above the threshold.
        excess: For each of them ln(r(threshold) / r); 0 in the other places.
        size: Number of distractors in the database.
    """

    threshold: Float32[np.ndarray, " queries"]
    above: Int64[np.ndarray, " queries"]
    excess: Float64[np.ndarray, "queries rows"]
    size: int

    @classmethod
    def of_scores(
        cls,
        scores: Float32[np.ndarray, "queries candidates"],
        complete: Float32[np.ndarray, " queries"],
        size: int,
    ) -> "DistanceTails":
        """The tails above a threshold that at most :data:`ROWS` distractors exceed.

        Args:
            scores: Best scores of each query in the database, in any order; -inf for none.
            complete: All rows that score more than this are among ``scores``.
            size: Number of distractors in the database.
        """
        best = -np.sort(-scores, axis=1)[:, : ROWS + 1]
        # With fewer rows than that, the threshold is the score of the last one.
        least = np.where(np.isfinite(best), best, np.float32(np.inf)).min(axis=1)
        threshold = np.maximum(complete, least)
        is_above = best > threshold[:, None]
        excess = np.where(is_above, log_ratios(threshold[:, None], best), 0.0)
        return cls(threshold, is_above.sum(axis=1), excess, size)

    def log_mean(self) -> Float64[np.ndarray, " queries"]:
        """Mean excess of each query; 0 if no distractor is above the threshold."""
        mean: Float64[np.ndarray, " queries"] = self.excess.sum(axis=1) / np.maximum(self.above, 1)
        return mean

    def exponential(self, y: Float64[np.ndarray, " queries"]) -> Float64[np.ndarray, " queries"]:
        """Probability that a distractor exceeds the threshold by ``y``: exponential excesses.

        It is the unbiased estimate of Pugh, which is 0 from the sum of the excesses on. Where ``y``
        is not positive, it is the probability of the threshold.
        """
        total = self.excess.sum(axis=1)
        left = 1 - np.divide(np.maximum(y, 0), total, out=np.zeros_like(total), where=total > 0)
        p: Float64[np.ndarray, " queries"] = self._rate() * (
            np.maximum(left, 0) ** np.maximum(self.above - 1, 0)
        )
        return p

    def pareto(
        self, y: Float64[np.ndarray, " queries"], shape: float
    ) -> Float64[np.ndarray, " queries"]:
        """The same with generalised Pareto excesses of one shape, each with its own scale."""
        scale = self.scale(shape)
        steps = np.divide(np.maximum(y, 0), scale, out=np.zeros_like(scale), where=scale > 0)
        with np.errstate(divide="ignore"):
            log_survival = (
                -steps
                if abs(shape) < _STEP / 10
                else -np.log(np.maximum(1 + shape * steps, 0)) / shape
            )
        p: Float64[np.ndarray, " queries"] = self._rate() * np.exp(log_survival)
        return p

    def scale(self, shape: float) -> Float64[np.ndarray, " queries"]:
        """Scale of each query, from its mean excess."""
        scale: Float64[np.ndarray, " queries"] = self.log_mean() * (1 - shape)
        return scale

    def shape(self) -> "Shape":
        """The common shape of the excesses, by maximum likelihood.

        Each query's excesses are divided by their mean. Even exponential ones get a negative shape
        by this: k of them over their mean are k times a Beta(1, k - 1) variable, which is a
        generalised Pareto variable of the shape -1 / (k - 1). It is taken out.
        """
        usable = (self.above >= 2) & (self.log_mean() > 0)
        per_query = np.where(usable, self.above, 0)
        is_used = (np.arange(self.excess.shape[1]) < per_query[:, None]) & usable[:, None]
        if not is_used.any():
            return Shape(0.0, np.zeros(len(self.above)))
        mean = np.where(usable, self.log_mean(), 1.0)
        ratios = np.where(is_used, self.excess / mean[:, None], 0.0)
        raw = _most_likely_shape(ratios[is_used])
        of_exponentials = -np.divide(1, self.above - 1, where=usable, out=np.zeros(len(usable)))
        correction = float((per_query * of_exponentials).sum() / per_query.sum())
        score = np.where(is_used, _shape_score(ratios, raw), 0).sum(axis=1)
        slope = sum(
            sign * _shape_score(ratios[is_used], raw + sign * _STEP).sum() for sign in (1, -1)
        )
        information = -slope / (2 * _STEP)
        return Shape(raw - correction, score / information if information > 0 else 0 * score)

    def _rate(self) -> Float64[np.ndarray, " queries"]:
        # No row above the threshold, because all are equal to it: then nothing is known above.
        rate: Float64[np.ndarray, " queries"] = np.maximum(self.above, 1) / self.size
        return rate


@dataclass(frozen=True, slots=True)
class Shape:
    """A common shape.

    Args:
        value: The shape.
        influence: By how much the shape would fall if a query were left out.
    """

    value: float
    influence: Float64[np.ndarray, " queries"]


def log_ratios(
    threshold: Float32[np.ndarray, "*some"], scores: Float32[np.ndarray, "*others"]
) -> Float64[np.ndarray, "*all"]:
    """ln(r(threshold) / r(score)), where r is the distance of vectors of length 1."""
    ratios: Float64[np.ndarray, "*all"] = np.log(_distances(threshold)) - np.log(_distances(scores))
    return ratios


def _distances(scores: Float32[np.ndarray, "*some"]) -> Float64[np.ndarray, "*some"]:
    squares = np.maximum(2 - 2 * scores.astype(np.float64), _LEAST_SQUARE)
    distances: Float64[np.ndarray, "*some"] = np.sqrt(squares)
    return distances


def _most_likely_shape(ratios: Float64[np.ndarray, " ratios"]) -> float:
    """Shape of generalised Pareto variables with the mean 1."""
    from scipy.optimize import brentq

    # Below it the largest ratio is impossible.
    lowest = max(-_LARGEST_SHAPE, -(1 - 1e-6) / max(float(ratios.max()) - 1, 1e-6))

    def total(shape: float) -> float:
        return float(_shape_score(ratios, shape).sum())

    if total(lowest) <= 0:
        return lowest
    if total(_LARGEST_SHAPE) >= 0:
        return _LARGEST_SHAPE
    return float(brentq(total, lowest, _LARGEST_SHAPE, xtol=1e-14))


def _shape_score(
    ratios: Float64[np.ndarray, "*some"], shape: float
) -> Float64[np.ndarray, "*some"]:
    """Derivative of the log-likelihood of each ratio by the shape; its scale is 1 - shape."""
    w = ratios / (1 - shape)
    if abs(shape) < _SMALL_SHAPE:
        logarithm = -(w**2) / 2 + shape * w**3 / 3 - shape**2 * w**4 / 4  # (ln(1+xw) - xw) / x^2
        rest = w**2 - shape * w**3 + shape**2 * w**4  # (w - w / (1 + xw)) / x
        score = logarithm + (rest - w / (1 + shape * w) - w) / (1 - shape)
        return score + 1 / (1 - shape)
    z = 1 + shape * w
    return 1 / (1 - shape) + np.log(z) / shape**2 - (1 + 1 / shape) * w / ((1 - shape) * z)
