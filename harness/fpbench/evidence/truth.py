"""Which rows of the reference match a query, and how far rows are from its true time."""

import numpy as np
from jaxtyping import Bool, Float64, Int64

from fpbench.plugin.datasets import Positions

ROUNDING_S = 1e-6  # smaller differences between start times are rounding errors


def matches(
    distance_s: Float64[np.ndarray, "rows k"], tolerance_s: float | None
) -> Bool[np.ndarray, "rows k"]:
    """Which candidates match.

    Args:
        distance_s: From :func:`distances_s`.
        tolerance_s: Largest distance of a match; None accepts any time in the right track.
    """
    largest_s = np.finfo(np.float64).max if tolerance_s is None else tolerance_s + ROUNDING_S
    return distance_s <= largest_s


def distances_s(
    ids: Int64[np.ndarray, "rows k"], reference: Positions, truth: Positions
) -> Float64[np.ndarray, "rows k"]:
    """Distance in time of each candidate from the ground truth of its query.

    It is inf for candidates in a wrong track and for ids that are no row of the reference.

    Args:
        ids: Rows of the reference. Each query has equally many rows of ids, one or more, which
            follow each other.
        reference: Position of each row of the reference.
        truth: Ground truth of each query.
    """
    if len(reference.track) == 0 or len(ids) == 0:
        return np.full(ids.shape, np.inf)
    query = np.arange(len(ids)) // (len(ids) // len(truth.track))
    known = (ids >= 0) & (ids < len(reference.track))
    rows = np.where(known, ids, 0)
    distance_s = np.abs(reference.start_s[rows] - truth.start_s[query, None])
    right_track = reference.track[rows] == truth.track[query, None]
    return np.where(known & right_track, distance_s, np.inf)


def matching_rows(
    reference: Positions, truth: Positions, tolerance_s: float | None
) -> tuple[
    Int64[np.ndarray, " rows"], Int64[np.ndarray, " queries"], Int64[np.ndarray, " queries"]
]:
    """All matches of each query.

    Returns:
        The rows of the reference in order of track and time, and for each query the slice [first,
        stop) of that order which holds its matches; the slice may be empty.
    """
    order = np.lexsort((reference.start_s, reference.track))
    tracks, starts = reference.track[order], reference.start_s[order]
    first = np.searchsorted(tracks, truth.track)
    stop = np.searchsorted(tracks, truth.track, side="right")
    if tolerance_s is not None:
        largest_s = tolerance_s + ROUNDING_S
        for query, true_s in enumerate(truth.start_s):
            in_track = starts[first[query] : stop[query]]
            before = np.searchsorted(in_track, true_s - largest_s)
            until = np.searchsorted(in_track, true_s + largest_s, side="right")
            first[query], stop[query] = first[query] + before, first[query] + until
    return order, first, stop


def nearest_rows(reference: Positions, truth: Positions) -> Int64[np.ndarray, " queries"]:
    """The row of the right track nearest in time to each query; -1 where that track has no rows.

    If two rows are equally near, the earlier one is taken.
    """
    nearest = np.full(len(truth.track), -1, dtype=np.int64)
    order = np.lexsort((reference.start_s, reference.track))
    tracks = reference.track[order]
    for track in np.unique(truth.track):
        first, last = np.searchsorted(tracks, [track, track + 1])
        if first == last:
            continue
        queries = np.flatnonzero(truth.track == track)
        true_s = truth.start_s[queries]
        starts = reference.start_s[order[first:last]]
        after = np.searchsorted(starts, true_s).clip(max=last - first - 1)
        before = (after - 1).clip(min=0)
        earlier = np.abs(starts[before] - true_s) <= np.abs(starts[after] - true_s)
        nearest[queries] = order[first + np.where(earlier, before, after)]
    return nearest
