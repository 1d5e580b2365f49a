"""Stretches: consecutive fingerprints of one track, without a gap between them."""

import numpy as np
from jaxtyping import Int64


def number_stretches(
    rows: Int64[np.ndarray, " used"], tracks: Int64[np.ndarray, " used"]
) -> Int64[np.ndarray, " used"]:
    """Number the stretches among the rows that are used, from 0.

    Args:
        rows: Number of each used row among all; rows of a track are numbered in order of time.
        tracks: Track of each used row.
    """
    apart = (np.diff(rows) != 1) | (np.diff(tracks) != 0)
    numbers: Int64[np.ndarray, " used"] = np.concatenate([[0], np.cumsum(apart)])[: len(rows)]
    return numbers.astype(np.int64)


def stretch_edges(stretches: Int64[np.ndarray, " rows"]) -> Int64[np.ndarray, " edges"]:
    """The first row of each stretch, and the number of all rows at the end."""
    starts = np.flatnonzero(np.diff(stretches)) + 1
    edges: Int64[np.ndarray, " edges"] = np.concatenate([[0], starts, [len(stretches)]])
    return np.unique(edges).astype(np.int64)
