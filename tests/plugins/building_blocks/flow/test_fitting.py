"""A fit reads rows of all tracks, and is judged by tracks that it did not learn."""

import numpy as np
import pytest

from fpbench_plugins.building_blocks.flow.fitting import split_rows, spread_rows


def rows_of_tracks(tracks: int, rows: int) -> np.ndarray:
    """Rows whose first entry is their track."""
    track = np.repeat(np.arange(tracks, dtype=np.float32), rows)
    return np.stack([track, np.tile(np.arange(rows, dtype=np.float32), tracks)], axis=1)


@pytest.mark.parametrize("most", [1_000, 1_500, 2_950])
def test_the_rows_of_a_fit_are_spread_over_all_tracks(most: int) -> None:
    chosen = spread_rows(rows_of_tracks(100, 59), most)
    _, counts = np.unique(chosen[:, 0], return_counts=True)
    assert len(chosen) == most
    assert len(np.unique(chosen, axis=0)) == most
    assert len(counts) == 100
    assert np.ptp(counts) <= 1


@pytest.mark.parametrize("most", [None, 59, 60])
def test_few_rows_are_all_read(most: int | None) -> None:
    rows = rows_of_tracks(1, 59)
    assert spread_rows(rows, most) is rows


def test_held_out_rows_are_of_other_tracks_but_for_one() -> None:
    learn, judge = split_rows(rows_of_tracks(30, 7), 0.1)
    assert len(learn) + len(judge) == 210
    assert len(np.intersect1d(learn[:, 0], judge[:, 0])) <= 1
