"""The jackknife: the error of a statistic, from its values without one part of the sample each."""

import numpy as np
from jaxtyping import Float64


def left_out_variance(
    values: Float64[np.ndarray, "parts ..."],
) -> Float64[np.ndarray, "..."] | np.float64:
    """The jackknife variance of statistics, from their values without one part after the other."""
    parts = len(values)
    variance: np.ndarray = (parts - 1) / parts * ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    return variance


def jackknife_variance(
    sums: Float64[np.ndarray, " groups"], queries: Float64[np.ndarray, " groups"]
) -> float:
    """Variance of the mean over queries, from leaving out one group after the other.

    Args:
        sums: Sum over the queries of each group.
        queries: Number of queries of each group.
    """
    return float(left_out_variance((sums.sum() - sums) / (queries.sum() - queries)))


def student_quantile(parts: int | float, level: float) -> float:
    """Standard errors in half of an interval, for an error that is known from some parts."""
    from scipy.special import stdtrit

    return float(stdtrit(parts - 1, (1 + level) / 2))
