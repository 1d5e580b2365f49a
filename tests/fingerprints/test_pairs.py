"""Queries match the rows of a reference one by one."""

from pathlib import Path

import numpy as np
import pytest

from fpbench import FpbenchError
from fpbench.fingerprints.pairs import read_pairs

ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)


def test_pairs_stay_pairs_where_one_is_marked(tmp_path: Path) -> None:
    np.savez(tmp_path / "q.npz", vectors=-ROWS[:3], silent=[False, True, False])
    np.savez(tmp_path / "r.npz", vectors=ROWS, not_finite=[True, False, False, False])
    pairs = read_pairs(tmp_path / "q.npz", tmp_path / "r.npz")
    queries, reference = pairs.queries, pairs.reference
    np.testing.assert_array_equal(queries, -ROWS[[2]])
    np.testing.assert_array_equal(reference, ROWS[[2, 3]])


@pytest.mark.parametrize(
    ("queries", "complaint"),
    [
        pytest.param(ROWS[:0], "holds no queries", id="none"),
        pytest.param(np.vstack([ROWS, ROWS]), "has 8 rows, ", id="too many"),
        pytest.param(ROWS[:, :2].copy(), "has 2 columns, .* has 3", id="columns"),
    ],
)
def test_what_makes_no_pairs_is_refused(
    tmp_path: Path, queries: np.ndarray, complaint: str
) -> None:
    np.save(tmp_path / "q.npy", queries)
    np.save(tmp_path / "r.npy", ROWS)
    with pytest.raises(FpbenchError, match=complaint):
        read_pairs(tmp_path / "q.npy", tmp_path / "r.npy")


def test_stretches_end_where_a_track_or_a_marked_row_is(tmp_path: Path) -> None:
    rows = np.ones((7, 3), dtype=np.float32)
    np.savez(tmp_path / "q.npz", vectors=rows[:6], track=[0, 0, 0, 1, 1, 1])
    silent = np.arange(7) == 1
    np.savez(tmp_path / "r.npz", vectors=rows, track=[0, 0, 0, 0, 0, 1, 1], silent=silent)
    pairs = read_pairs(tmp_path / "q.npz", tmp_path / "r.npz")
    assert pairs.query_stretches is not None
    assert pairs.reference_stretches is not None
    assert pairs.query_stretches.tolist() == [0, 1, 2, 2, 3]
    assert pairs.reference_stretches.tolist() == [0, 1, 1, 1, 2, 2]


def test_without_tracks_there_are_no_stretches(tmp_path: Path) -> None:
    np.savez(tmp_path / "q.npz", vectors=ROWS, track=[0, 0, 1, 1])
    np.save(tmp_path / "r.npy", ROWS)
    pairs = read_pairs(tmp_path / "q.npz", tmp_path / "r.npy")
    assert pairs.query_stretches is None
