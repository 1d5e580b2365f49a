"""How far a hit rate could be off because other tracks might have been chosen."""

import numpy as np
from jaxtyping import Int64

METHOD = "percentile bootstrap over tracks"
RESAMPLES = 2_000
_AT_ONCE = 100  # resamples: with 100 000 tracks the counts then take 80 MB


def interval_over_tracks(
    hits: Int64[np.ndarray, " queries"],
    repeats: int,
    track: Int64[np.ndarray, " queries"],
    rng: np.random.Generator,
    level: float = 0.95,
) -> tuple[float, float]:
    """A confidence interval for a hit rate, where queries are alike within a track.

    Whole tracks are drawn with replacement: drawing single queries would take twenty queries from
    one easy track for twenty independent observations, and give too narrow an interval.

    Args:
        hits: Of each query, in how many repeats it hit. Whole numbers add up alike in any order,
            so that every processor finds the same interval.
        repeats: Of each query.

    Returns:
        The lower and the upper end.

    Raises:
        ValueError: There are no queries.

    Source: Davison and Hinkley 1997, "Bootstrap Methods and their Application", section 3.8.
    """
    if len(hits) == 0:
        raise ValueError("no queries to give an interval for")
    _, member = np.unique(track, return_inverse=True)
    queries = np.bincount(member).astype(np.float64)
    sums = np.bincount(member, weights=hits)
    tracks = len(queries)
    even = np.full(tracks, 1 / tracks)
    means = np.empty(RESAMPLES)
    for start in range(0, RESAMPLES, _AT_ONCE):
        # How often each track is drawn, in several resamples at once.
        times = rng.multinomial(tracks, even, size=_AT_ONCE).astype(np.float64)
        means[start : start + _AT_ONCE] = (times @ sums) / (repeats * (times @ queries))
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
