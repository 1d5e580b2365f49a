"""The arrays of a simulated tail in an evidence file."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from fpbench.evidence.tails import CLUSTER_SIZES, Tail
from fpbench.evidence.typed_arrays import Layout, require_shape, typed_arrays

_INT64, _FLOAT32, _FLOAT64 = (np.dtype(each) for each in (np.int64, np.float32, np.float64))

_COMMON: Layout = {"query_track": (_INT64, 1)}
_TAIL: Layout = {"tail_tolerances_s": (_FLOAT64, 1), "tail_log_p": (_FLOAT64, 3)}
# If it was simulated for decisions, too.
_THRESHOLDS: Layout = {"tail_thresholds": (_FLOAT64, 1), "tail_threshold_log_p": (_FLOAT32, 3)}
# If its distractors are runs of tracks.
_CLUSTERS: Layout = {"tail_cluster_sizes": (_FLOAT64, 3)}

TAIL_ARRAYS = frozenset({*_TAIL, *_THRESHOLDS, *_CLUSTERS})
"""Names of the arrays."""

_ROUNDING = 1e-9  # of a sum of probabilities


def arrays_of_tail(tail: Tail) -> dict[str, np.ndarray]:
    """The arrays of a tail, by name."""
    arrays: dict[str, np.ndarray] = {
        "tail_tolerances_s": tail.tolerances_s,
        "tail_log_p": tail.log_p,
    }
    if tail.thresholds is not None and tail.threshold_log_p is not None:
        arrays["tail_thresholds"] = tail.thresholds
        arrays["tail_threshold_log_p"] = tail.threshold_log_p
    if tail.cluster_sizes is not None:
        arrays["tail_cluster_sizes"] = tail.cluster_sizes
    return arrays


def tail_from_arrays(arrays: Mapping[str, np.ndarray], queries: int) -> Tail | None:
    """The tail in a file; None if it was not simulated.

    Args:
        arrays: All arrays of the evidence.
        queries: Number of queries.

    Raises:
        ValueError: Arrays are missing, or have impossible shapes or values.
    """
    if not arrays.keys() & TAIL_ARRAYS:
        return None
    if not arrays.keys() >= _TAIL.keys():
        raise ValueError("a part of the tail is missing")
    tail = typed_arrays(arrays, {**_TAIL, **_COMMON})
    log_p, tolerances_s = tail["tail_log_p"], tail["tail_tolerances_s"]
    if log_p.shape[:2] != (queries, len(tolerances_s)) or log_p.shape[2] < 2:
        raise ValueError(f"tail_log_p has the shape {log_p.shape}")
    if (log_p > 0).any() or (tolerances_s < 0).any():
        raise ValueError("tail_log_p or tail_tolerances_s has impossible values")
    of_matches = Tail(tolerances_s, log_p, cluster_sizes=_cluster_sizes(arrays, log_p.shape[:2]))
    if not arrays.keys() & _THRESHOLDS.keys():
        return of_matches
    if not arrays.keys() >= _THRESHOLDS.keys():
        raise ValueError("a part of the tail's thresholds is missing")
    known = typed_arrays(arrays, {**_THRESHOLDS, **_COMMON})
    thresholds, threshold_log_p = known["tail_thresholds"], known["tail_threshold_log_p"]
    shape = (queries, len(thresholds), log_p.shape[2])
    require_shape("tail_threshold_log_p", threshold_log_p, shape)
    if (threshold_log_p > 0).any():
        raise ValueError("tail_threshold_log_p has impossible values")
    if not np.isfinite(thresholds).all() or (np.diff(thresholds) <= 0).any():
        raise ValueError("tail_thresholds do not increase")
    return replace(of_matches, thresholds=thresholds, threshold_log_p=threshold_log_p)


def _cluster_sizes(arrays: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> np.ndarray | None:
    if not arrays.keys() & _CLUSTERS.keys():
        return None
    sizes = typed_arrays(arrays, {**_CLUSTERS, **_COMMON})["tail_cluster_sizes"]
    require_shape("tail_cluster_sizes", sizes, (*shape, CLUSTER_SIZES))
    if (sizes < 0).any() or (sizes.sum(axis=2) > 1 + _ROUNDING).any():
        raise ValueError("tail_cluster_sizes has impossible values")
    return sizes
