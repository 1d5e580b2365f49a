"""Resampling gives real fingerprints back, and only those."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from fpbench import FpbenchError, Settings, Stream, TrackGenerator, TrackMethod, rng_at
from fpbench_plugins.resample import create, create_runs

REAL = np.arange(20, dtype=np.float32).reshape(10, 2)


def silent(_: float, __: str) -> None: ...


def test_draws_are_real_fingerprints_each_about_as_often(tmp_path: Path) -> None:
    fitted = create(Settings()).fit(REAL, seed=0, work_dir=tmp_path, report=silent)
    drawn = fitted.draw(10_000, rng_at(0, Stream.CHECK))
    rows, counts = np.unique(drawn, axis=0, return_counts=True)
    np.testing.assert_array_equal(rows, REAL)
    assert counts.min() > 850  # 1 000 expected, standard deviation 30
    assert counts.max() < 1_150


def test_keeps_no_more_rows_than_it_may(tmp_path: Path) -> None:
    method = create(Settings(options={"most_rows": "4"}))
    drawn = method.fit(REAL, seed=0, work_dir=tmp_path, report=silent).draw(
        500, rng_at(0, Stream.CHECK)
    )
    assert len(np.unique(drawn, axis=0)) == 4


def test_a_saved_generator_draws_the_same_bytes(tmp_path: Path) -> None:
    method = create(Settings())
    fitted = method.fit(REAL, seed=0, work_dir=tmp_path, report=silent)
    fitted.save(tmp_path / "g.safetensors")
    loaded = method.load(tmp_path / "g.safetensors")
    a, b = (g.draw(100, rng_at(1, Stream.CHECK)) for g in (fitted, loaded))
    assert a.tobytes() == b.tobytes()
    assert loaded.dim == 2


def test_refuses_nothing_to_draw_from(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="no fingerprints to draw from"):
        create(Settings()).fit(REAL[:0], seed=0, work_dir=tmp_path, report=silent)


def test_refuses_settings_for_rows_that_are_kept_already(tmp_path: Path) -> None:
    path = tmp_path / "g.safetensors"
    create(Settings()).fit(REAL, seed=0, work_dir=tmp_path, report=silent).save(path)
    with pytest.raises(FpbenchError, match=r"'most_rows' cannot change generator .*g\.safe"):
        create(Settings(options={"most_rows": "4"})).load(path)


def test_refuses_a_file_of_something_else(tmp_path: Path) -> None:
    save_file({"mean": np.zeros(3)}, tmp_path / "x.safetensors")
    with pytest.raises(FpbenchError, match="not a resample generator: it holds mean") as caught:
        create(Settings()).load(tmp_path / "x.safetensors")
    assert caught.value.hint == "fit it again with `--generator resample`"


# ------------------------------------------------------------ whole tracks


def test_runs_are_whole_real_tracks(tmp_path: Path) -> None:
    method = create_runs(Settings())
    assert isinstance(method, TrackMethod)
    stretches = np.repeat([0, 1, 2], [3, 5, 2])
    fitted = method.fit_tracks(REAL, stretches, seed=0, work_dir=tmp_path, report=silent)
    assert fitted.track_lengths.tolist() == [3, 5, 2]
    drawn = fitted.draw_tracks(np.array([2, 0, 2]), rng_at(0, Stream.CHECK))
    np.testing.assert_array_equal(drawn, REAL[[8, 9, 0, 1, 2, 8, 9]])
    fitted.save(tmp_path / "g.safetensors")
    loaded = method.load(tmp_path / "g.safetensors")
    assert isinstance(loaded, TrackGenerator)
    np.testing.assert_array_equal(
        loaded.draw_tracks(np.array([1]), rng_at(0, Stream.CHECK)), REAL[3:8]
    )


def test_runs_keep_whole_tracks_within_the_limit(tmp_path: Path) -> None:
    method = create_runs(Settings(options={"most_rows": "7"}))
    assert isinstance(method, TrackMethod)
    stretches = np.repeat([0, 1, 2], [3, 5, 2])
    fitted = method.fit_tracks(REAL, stretches, seed=0, work_dir=tmp_path, report=silent)
    assert fitted.track_lengths.sum() <= 7
    with pytest.raises(FpbenchError, match="without knowing where tracks end"):
        method.fit(REAL, seed=0, work_dir=tmp_path, report=silent)
