"""A paired test of two systems that holds for few tracks, and its correction for many tests."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64

FLIPS = 20_000
"""Random sign patterns; they tell p-values down to 5e-5 apart, enough for a thousand tests."""

_ALL_PATTERNS = 14  # clusters up to which all patterns are tried: 2^13 of them, up to sign
_AT_ONCE = 2_000


def sign_flip_p_values(
    differences: Int64[np.ndarray, "tests queries"],
    cluster: Int64[np.ndarray, " queries"],
    rng: np.random.Generator,
) -> Float64[np.ndarray, " tests"]:
    """Two-sided p-values that one system is as good as the other, over clusters of queries.

    If two systems are equally good, exchanging their names within a cluster changes nothing, so the
    sign of the cluster's difference is a coin. The p-value is the share of sign patterns whose sum
    is at least as far from 0 as the one observed. With C clusters it is at least 2^(1 - C): one
    query in one cluster, or all queries of a few clusters, prove nothing.

    Args:
        differences: In each test, the difference of the hits of each query. Whole numbers, so that
            sums are exact on every processor.
        cluster: Group of tracks, or track, of each query.
        rng: Draws sign patterns, if there are too many to try all.

    Source: Fisher 1935, "The Design of Experiments", section 21; for retrieval, Smucker et al.
        2007, "A comparison of statistical significance tests for information retrieval
        evaluation".
    """
    _, member = np.unique(cluster, return_inverse=True)
    by_cluster = np.array([np.bincount(member, weights=each) for each in differences])
    observed = np.abs(by_cluster.sum(axis=1))
    clusters = by_cluster.shape[1]
    exact = clusters <= _ALL_PATTERNS
    patterns = 2 ** (clusters - 1) if exact else FLIPS
    extreme = np.zeros(len(by_cluster))
    for start in range(0, patterns, _AT_ONCE):
        numbers = np.arange(start, min(start + _AT_ONCE, patterns))
        if exact:
            flipped = (numbers[:, None] >> np.arange(clusters)) & 1
        else:
            flipped = rng.integers(2, size=(len(numbers), clusters), dtype=np.int8)
        sums = np.abs(by_cluster @ (1.0 - 2.0 * flipped).T)
        extreme += (sums >= observed[:, None]).sum(axis=1)
    # The observed pattern is one of those drawn, so that no p-value is 0.
    p_values: Float64[np.ndarray, " tests"] = (
        extreme / patterns if exact else (extreme + 1) / (patterns + 1)
    )
    return p_values


def correct_p_values(p_values: Sequence[float]) -> list[float]:
    """Holm's correction: the chance of one false discovery among all tests stays at the level.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = largest
    return corrected
