"""Which rows of the reference are right answers to a query, and how far others are from it."""

import numpy as np
from jaxtyping import Bool, Float64, Int64

from fpbench.plugin.datasets import Positions

CLOCK_S = 1e-6  # differences between start times smaller than this are rounding


def matches(
    distance_s: Float64[np.ndarray, "rows k"], tolerance_s: float | None
) -> Bool[np.ndarray, "rows k"]:
    """Which candidates are right answers."""
    farthest = np.finfo(np.float64).max if tolerance_s is None else tolerance_s + CLOCK_S
    return distance_s <= farthest


def distances_s(
    ids: Int64[np.ndarray, "rows k"], reference: Positions, truth: Positions
) -> Float64[np.ndarray, "rows k"]:
    """How far candidates are from where they should be; inf for wrong tracks and ids of no row.

    Args:
        truth: Of each query, whose rows of ``ids`` are one or several after each other.
    """
    if len(reference.track) == 0 or len(ids) == 0:
        return np.full(ids.shape, np.inf)
    query = np.arange(len(ids)) // (len(ids) // len(truth.track))
    known = (ids >= 0) & (ids < len(reference.track))
    rows = np.where(known, ids, 0)
    away = np.abs(reference.start_s[rows] - truth.start_s[query, None])
    return np.where(known & (reference.track[rows] == truth.track[query, None]), away, np.inf)


def matching_rows(
    reference: Positions, truth: Positions, tolerance_s: float | None
) -> tuple[
    Int64[np.ndarray, " rows"], Int64[np.ndarray, " queries"], Int64[np.ndarray, " queries"]
]:
    """All right answers to each query.

    Returns:
        The reference's rows in order of track and time, and of each query where in that order its
        right answers begin and end; there may be none in between.
    """
    order = np.lexsort((reference.start_s, reference.track))
    tracks, starts = reference.track[order], reference.start_s[order]
    first = np.searchsorted(tracks, truth.track)
    stop = np.searchsorted(tracks, truth.track, side="right")
    if tolerance_s is not None:
        reach_s = tolerance_s + CLOCK_S
        for query, wanted in enumerate(truth.start_s):
            of_track = starts[first[query] : stop[query]]
            before = np.searchsorted(of_track, wanted - reach_s)
            until = np.searchsorted(of_track, wanted + reach_s, side="right")
            first[query], stop[query] = first[query] + before, first[query] + until
    return order, first, stop


def nearest_rows(reference: Positions, truth: Positions) -> Int64[np.ndarray, " queries"]:
    """The reference row nearest in time to each query; -1 where its track has none.

    Of two equally near rows the earlier one.
    """
    nearest = np.full(len(truth.track), -1, dtype=np.int64)
    order = np.lexsort((reference.start_s, reference.track))
    tracks = reference.track[order]
    for track in np.unique(truth.track):
        first, last = np.searchsorted(tracks, [track, track + 1])
        if first == last:
            continue
        asked = np.flatnonzero(truth.track == track)
        starts = reference.start_s[order[first:last]]
        after = np.searchsorted(starts, truth.start_s[asked]).clip(max=last - first - 1)
        before = (after - 1).clip(min=0)
        wanted = truth.start_s[asked]
        earlier = np.abs(starts[before] - wanted) <= np.abs(starts[after] - wanted)
        nearest[asked] = order[first + np.where(earlier, before, after)]
    return nearest
