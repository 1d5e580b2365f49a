"""Stretches end with a track, and where rows are missing."""

import numpy as np

from fpbench.stretches import number_stretches, stretch_edges


def test_a_stretch_ends_with_its_track_and_at_a_gap() -> None:
    rows = np.array([0, 1, 3, 4, 5, 6])
    tracks = np.array([7, 7, 7, 7, 2, 2])
    stretches = number_stretches(rows, tracks)
    assert stretches.tolist() == [0, 0, 1, 1, 2, 2]
    assert stretch_edges(stretches).tolist() == [0, 2, 4, 6]


def test_no_rows_are_in_no_stretch() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert len(number_stretches(nothing, nothing)) == 0
    assert stretch_edges(nothing).tolist() == [0]
