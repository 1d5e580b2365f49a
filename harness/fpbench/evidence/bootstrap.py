"""Confidence intervals for hit rates, from a bootstrap over tracks.

It is our own and small: hits are counted as whole numbers and resamples are drawn from an
addressed generator, so the interval is the same on every processor.
"""

import numpy as np
from jaxtyping import Int64

METHOD = "percentile bootstrap over tracks"
RESAMPLES = 2_000
_AT_ONCE = 100  # resamples; with 100 000 tracks their counts take 80 MB


def interval_over_tracks(
    hits: Int64[np.ndarray, " queries"],
    repeats: int,
    track: Int64[np.ndarray, " queries"],
    rng: np.random.Generator,
    level: float = 0.95,
) -> tuple[float, float]:
    """A confidence interval for a hit rate, where queries from one track are alike.

    Whole tracks are drawn with replacement. Drawing single queries would count twenty queries from
    one easy track as twenty independent observations, and the interval would be too narrow.

    Args:
        hits: Number of repeats in which each query hits. Sums of whole numbers do not depend on
            their order, so every processor computes the same interval.
        repeats: Number of repeats, the same for all queries.
        track: Track, or cluster, of each query.
        level: Confidence level.

    Returns:
        The lower and the upper end.

    Raises:
        ValueError: There are no queries.

    Source: Davison and Hinkley 1997, "Bootstrap Methods and their Application", section 3.8.
    """
    if len(hits) == 0:
        raise ValueError("there are no queries to compute an interval from")
    _, member = np.unique(track, return_inverse=True)
    queries = np.bincount(member).astype(np.float64)
    sums = np.bincount(member, weights=hits)
    tracks = len(queries)
    even = np.full(tracks, 1 / tracks)
    means = np.empty(RESAMPLES)
    for start in range(0, RESAMPLES, _AT_ONCE):
        # How often each resample draws each track, for several resamples at once.
        counts = rng.multinomial(tracks, even, size=_AT_ONCE).astype(np.float64)
        means[start : start + _AT_ONCE] = (counts @ sums) / (repeats * (counts @ queries))
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
