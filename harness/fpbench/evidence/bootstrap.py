"""Confidence intervals of older results, which `fpbench validate` computes again.

Estimators 1 and 2 have them. :mod:`fpbench.evidence.intervals` is what new results have.
"""

import numpy as np
from jaxtyping import Int64

from fpbench.evidence.intervals import GroupInterval, bounds_of_groups, sum_by_group

BOOTSTRAP = "percentile bootstrap over tracks"
BOUNDS = "bounds from the range of tracks"
RESAMPLES = 2_000
FEWEST_TRACKS = 6
"""Minimum tracks for a bootstrap: among five, no two-sided sign test can reach 5 %."""

_AT_ONCE = 100  # resamples; with 100 000 tracks their counts take 80 MB


def interval_over_tracks(
    hits: Int64[np.ndarray, " queries"],
    repeats: int,
    track: Int64[np.ndarray, " queries"],
    rng: np.random.Generator,
    level: float = 0.95,
    *,
    limits: tuple[float, float] = (0.0, 1.0),
) -> GroupInterval:
    """A confidence interval for the mean over tracks that the queries' tracks sample.

    With fewer than :data:`FEWEST_TRACKS` tracks, or tracks that all agree, a bootstrap would have
    no width, as if the rate were known. The interval is then that of
    :func:`fpbench.evidence.intervals.bounds_of_groups`.

    Args:
        hits: Sum over the repeats for each query; for a difference it may be negative. Sums of
            whole numbers do not depend on their order, so every processor computes the same
            interval.
        repeats: Number of repeats, the same for all queries.
        track: Track, or cluster, of each query.
        level: Confidence level.
        limits: Smallest and largest possible value of a query.

    Raises:
        ValueError: There are no queries.
    """
    sums, queries = sum_by_group(hits, track)
    rates = sums / (repeats * queries)
    if len(rates) >= FEWEST_TRACKS and rates.min() < rates.max():
        low, high = bootstrap_interval(hits, repeats, track, rng, level)
        return GroupInterval(low, high, BOOTSTRAP)
    return GroupInterval(*bounds_of_groups(rates, level, limits), BOUNDS)


def bootstrap_interval(
    hits: Int64[np.ndarray, " queries"],
    repeats: int,
    track: Int64[np.ndarray, " queries"],
    rng: np.random.Generator,
    level: float = 0.95,
) -> tuple[float, float]:
    """A percentile bootstrap, where queries from one track are alike.

    Whole tracks are drawn with replacement. Drawing single queries would count twenty queries from
    one easy track as twenty independent observations, and the interval would be too narrow.

    Args:
        hits: As in :func:`interval_over_tracks`, like the other arguments.
        repeats: Number of repeats.
        track: Track of each query.
        level: Confidence level.

    Returns:
        The lower and the upper end.

    Raises:
        ValueError: There are no queries.

    Source: Davison and Hinkley 1997, "Bootstrap Methods and their Application", section 3.8.
    """
    sums, queries = sum_by_group(hits, track)
    tracks = len(queries)
    even = np.full(tracks, 1 / tracks)
    means = np.empty(RESAMPLES)
    for start in range(0, RESAMPLES, _AT_ONCE):
        # How often each resample draws each track, for several resamples at once.
        counts = rng.multinomial(tracks, even, size=_AT_ONCE).astype(np.float64)
        means[start : start + _AT_ONCE] = (counts @ sums) / (repeats * (counts @ queries))
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
