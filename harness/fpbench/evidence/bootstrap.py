"""Confidence intervals over tracks: for hit rates, and for differences of hit rates.

They are our own and small: hits are counted as whole numbers and resamples are drawn from an
addressed generator, so an interval is the same on every processor.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

BOOTSTRAP = "percentile bootstrap over tracks"
BOUNDS = "bounds from the range of tracks"
RESAMPLES = 2_000
FEWEST_TRACKS = 6
"""Minimum tracks for a bootstrap: among five, no two-sided sign test can reach 5 %."""

_AT_ONCE = 100  # resamples; with 100 000 tracks their counts take 80 MB


class TrackInterval(NamedTuple):
    """A confidence interval, and the method that it is from."""

    low: float
    high: float
    method: str


def interval_over_tracks(
    hits: Int64[np.ndarray, " queries"],
    repeats: int,
    track: Int64[np.ndarray, " queries"],
    rng: np.random.Generator,
    level: float = 0.95,
    *,
    limits: tuple[float, float] = (0.0, 1.0),
) -> TrackInterval:
    """A confidence interval for the mean over tracks that the queries' tracks sample.

    A bootstrap shows only what it has seen. From one track, from five hits of five, or where all
    tracks have the same rate, its interval has no width, as if the rate were known. With fewer than
    :data:`FEWEST_TRACKS` tracks, or tracks that all agree, the interval is therefore that of
    :func:`bounds_of_tracks`, which holds for any distribution and is wide.

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
    sums, queries = _sums_by_track(hits, track)
    rates = sums / (repeats * queries)
    if len(rates) >= FEWEST_TRACKS and rates.min() < rates.max():
        low, high = bootstrap_interval(hits, repeats, track, rng, level)
        return TrackInterval(low, high, BOOTSTRAP)
    return TrackInterval(*bounds_of_tracks(rates, level, limits), BOUNDS)


def bounds_of_tracks(
    rates: Float64[np.ndarray, " tracks"], level: float, limits: tuple[float, float]
) -> tuple[float, float]:
    """A conservative interval for the mean of a population of tracks, from a few of them.

    At most a share u of all tracks lies below the smallest of T observed rates, with confidence
    (1 + level) / 2, where (1 - u)^T = (1 - level) / 2. In the worst case these tracks have the
    smallest possible rate, and all others the smallest observed one; the upper end likewise. If all
    T rates are 1 (or 0), this is the interval of Clopper and Pearson for T of T tracks. For one
    track it is nearly the whole range.

    Source: order statistics as distribution-free tolerance limits, Wilks 1941, "Determination of
        sample sizes for setting tolerance limits".
    """
    unseen = 1 - ((1 - level) / 2) ** (1 / len(rates))
    smallest, largest = float(rates.min()), float(rates.max())
    return (
        smallest - unseen * (smallest - limits[0]),
        largest + unseen * (limits[1] - largest),
    )


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
    sums, queries = _sums_by_track(hits, track)
    tracks = len(queries)
    even = np.full(tracks, 1 / tracks)
    means = np.empty(RESAMPLES)
    for start in range(0, RESAMPLES, _AT_ONCE):
        # How often each resample draws each track, for several resamples at once.
        counts = rng.multinomial(tracks, even, size=_AT_ONCE).astype(np.float64)
        means[start : start + _AT_ONCE] = (counts @ sums) / (repeats * (counts @ queries))
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _sums_by_track(
    hits: Int64[np.ndarray, " queries"], track: Int64[np.ndarray, " queries"]
) -> tuple[Float64[np.ndarray, " tracks"], Float64[np.ndarray, " tracks"]]:
    """The hits and the number of queries of each track."""
    if len(hits) == 0:
        raise ValueError("there are no queries to compute an interval from")
    _, member = np.unique(track, return_inverse=True)
    queries = np.bincount(member).astype(np.float64)
    return np.bincount(member, weights=hits), queries
