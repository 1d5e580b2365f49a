"""A run of fingerprints is one long vector whose inner product is the mean of its rows'."""

import numpy as np

from fpbench.search.sequences import Runs, concatenate_runs, run_starts


def test_runs_stay_within_a_track_and_avoid_unusable_rows() -> None:
    track = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])
    usable = np.array([1, 1, 1, 1, 1, 1, 1, 0, 1], dtype=bool)
    assert run_starts(track, usable, 2).tolist() == [0, 1, 3, 5]
    assert run_starts(track, usable, 3).tolist() == [0]
    assert run_starts(track, usable, 1).tolist() == [0, 1, 2, 3, 4, 5, 6, 8]
    assert run_starts(track, usable, 10).tolist() == []


def test_the_score_of_a_run_is_the_mean_over_its_rows() -> None:
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    query = concatenate_runs(np.array([[[1, 0], [1, 0]]], dtype=np.float32))
    runs = Runs(vectors, np.array([0, 1]), 2)
    assert runs.shape == (2, 4)
    # (1 + 0) / 2 and (0 + 0.6) / 2
    np.testing.assert_allclose(query @ runs[:].T, [[0.5, 0.3]], rtol=1e-6)
    np.testing.assert_array_equal(runs[np.array([1])], runs[1:2])


def test_a_run_of_unit_rows_has_length_one(rng: np.random.Generator) -> None:
    vectors = rng.standard_normal((50, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    runs = Runs(vectors, np.arange(41), 10)[:]
    np.testing.assert_allclose(np.linalg.norm(runs, axis=1), 1, rtol=1e-6)
