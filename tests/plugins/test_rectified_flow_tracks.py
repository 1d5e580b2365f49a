"""Tracks of a distilled flow have its fingerprints, whether it is fitted or given."""

from pathlib import Path

import numpy as np
import pytest

from fpbench import FpbenchError, Settings, TrackMethod, Vectors
from fpbench_plugins.building_blocks.coherent_noise.generator import CoherentTracks
from fpbench_plugins.rectified_flow_turbo import create, create_tracks

TINY = {
    "teacher_width": "16",
    "teacher_depth": "1",
    "teacher_epochs": "1",
    "pairs": "100",
    "pair_steps": "1",
    "width": "16",
    "depth": "1",
    "iterations": "5",
    "batch_rows": "64",
}
STRETCHES = np.repeat(np.arange(10), 30)


@pytest.fixture(scope="module")
def real() -> Vectors:
    rng = np.random.default_rng(3)
    steps = rng.standard_normal((10, 30, 8)).cumsum(axis=1) + 5 * rng.standard_normal((10, 1, 8))
    rows = steps.reshape(-1, 8).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def fit(real: Vectors, folder: Path, **options: str) -> CoherentTracks:
    folder.mkdir()
    method = create_tracks(Settings(options=options))
    assert isinstance(method, TrackMethod)
    fitted = method.fit_tracks(
        real, STRETCHES, seed=0, work_dir=folder, report=lambda _done, _words: None
    )
    assert isinstance(fitted, CoherentTracks)
    return fitted


def test_single_fingerprints_are_those_of_the_turbo_fitted_or_given(
    real: Vectors, tmp_path: Path
) -> None:
    (tmp_path / "turbo").mkdir()
    turbo = create(Settings(options=TINY)).fit(
        real, seed=0, work_dir=tmp_path / "turbo", report=lambda _done, _words: None
    )
    turbo.save(tmp_path / "turbo.safetensors")
    fitted = fit(real, tmp_path / "fitted", **TINY)
    given = fit(real, tmp_path / "given", flow=str(tmp_path / "turbo.safetensors"))
    drawn = [each.draw(20, np.random.default_rng(2)) for each in (turbo, fitted, given)]
    np.testing.assert_array_equal(drawn[1], drawn[0])
    np.testing.assert_array_equal(drawn[2], drawn[0])
    first, second = (
        each.draw_tracks(np.array([4, 1]), np.random.default_rng(2)) for each in (fitted, given)
    )
    np.testing.assert_array_equal(first, second)
    fitted.save(tmp_path / "tracks.safetensors")
    loaded = create_tracks(Settings()).load(tmp_path / "tracks.safetensors")
    assert isinstance(loaded, CoherentTracks)
    again = loaded.draw_tracks(np.array([4, 1]), np.random.default_rng(2))
    np.testing.assert_array_equal(again, first)


def test_a_given_flow_refuses_settings_of_its_fit(real: Vectors, tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="setting 'width' cannot change flow"):
        fit(real, tmp_path / "work", flow="some.safetensors", width="9")


def test_a_given_flow_is_named_as_something_that_it_learns_from() -> None:
    method = create_tracks(Settings(options={"flow": "some.safetensors"}))
    assert list(method.learns_from) == [Path("some.safetensors")]
