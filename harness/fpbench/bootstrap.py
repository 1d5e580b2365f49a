"""How far a hit rate could be off because other tracks might have been chosen."""

import numpy as np
from jaxtyping import Float64, Int64

METHOD = "percentile bootstrap over tracks"
RESAMPLES = 2_000
_AT_ONCE = 100  # resamples: with 100 000 tracks the counts then take 80 MB


def interval_over_tracks(
    values: Float64[np.ndarray, " queries"],
    track: Int64[np.ndarray, " queries"],
    rng: np.random.Generator,
    level: float = 0.95,
) -> tuple[float, float]:
    """A confidence interval for the mean of ``values``, which are alike within a track.

    Whole tracks are drawn with replacement: drawing single queries would take twenty queries from
    one easy track for twenty independent observations, and give too narrow an interval.

    Returns:
        The lower and the upper end.

    Raises:
        ValueError: There are no values.

    Source: Davison and Hinkley 1997, "Bootstrap Methods and their Application", section 3.8.
    """
    if len(values) == 0:
        raise ValueError("no values to give an interval for")
    _, member = np.unique(track, return_inverse=True)
    queries = np.bincount(member).astype(np.float64)
    sums = np.bincount(member, weights=values)
    tracks = len(queries)
    even = np.full(tracks, 1 / tracks)
    means = np.empty(RESAMPLES)
    for start in range(0, RESAMPLES, _AT_ONCE):
        # How often each track is drawn, in several resamples at once.
        times = rng.multinomial(tracks, even, size=_AT_ONCE).astype(np.float64)
        means[start : start + _AT_ONCE] = (times @ sums) / (times @ queries)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
