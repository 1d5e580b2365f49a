"""Recordings of noise and rooms are found, left out where they are odd, and read as they are."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from fpbench import Degradation, Settings, Stream, rng_at
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.degradations import SelectiveDegradation
from fpbench_plugins.degradations.recordings import find_recordings

RATE = 16_000


def make(name: str, folder: Path) -> Degradation:
    return Catalog.load().degradation(name, Settings(options={"folder": str(folder)}))


def write_odd(folder: Path, rng: np.random.Generator) -> None:
    """One good recording, and one of each odd kind."""
    good = rng.uniform(-0.5, 0.5, RATE).astype(np.float32)
    huge = good.copy()
    huge[5] = 1e30
    for name, samples in {
        "good": good,
        "silent": 0 * good,
        "huge": huge,
        "anti": np.stack([good, -good], axis=1),
    }.items():
        soundfile.write(folder / f"{name}.wav", samples, RATE, subtype="FLOAT")
    (folder / "empty.wav").touch()


@pytest.mark.parametrize("name", ["noise", "reverb"])
def test_odd_recordings_are_left_out_when_the_recipe_is_opened(
    name: str, tmp_path: Path, rng: np.random.Generator, caplog: pytest.LogCaptureFixture
) -> None:
    write_odd(tmp_path, rng)
    degradation = make(name, tmp_path)
    assert isinstance(degradation, SelectiveDegradation)
    assert list(degradation.recordings) == [tmp_path / "good.wav"]
    where = tmp_path.name
    assert list(degradation.skipped) == [
        f"{where}/{odd}.wav" for odd in ("anti", "empty", "huge", "silent")
    ]
    assert degradation.skipped[f"{where}/empty.wav"] == "it is empty"
    assert "left out 4 of 5" in caplog.text
    assert f"{where}/anti.wav: its channels cancel" in caplog.text


def test_what_reading_recordings_shows_is_kept(tmp_path: Path, rng: np.random.Generator) -> None:
    (tmp_path / "noise").mkdir()
    write_odd(tmp_path / "noise", rng)
    options = {"folder": str(tmp_path / "noise")}
    settings = Settings(options=options, cache_dir=tmp_path / "cache")
    catalog = Catalog.load()
    first = catalog.degradation("noise", settings)
    assert list((tmp_path / "cache" / "surveys").rglob("*.npz"))
    assert list(catalog.degradation("noise", settings).recordings) == list(first.recordings)


def test_one_channel_of_noise_can_be_taken(tmp_path: Path, rng: np.random.Generator) -> None:
    write_odd(tmp_path, rng)
    noise = Catalog.load().degradation(
        "noise", Settings(options={"folder": str(tmp_path)}, channel="left")
    )
    assert {path.name for path in noise.recordings} == {"good.wav", "anti.wav"}


def test_recordings_are_files_that_are_not_hidden(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    for name in ("b.wav", "._b.wav", "folder.wav/c.flac", "a b.wav", "a/d.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, np.ones(10), RATE)
    found = find_recordings(str(tmp_path), [], Settings(), "noise recordings")
    names = [path.relative_to(tmp_path).as_posix() for path in found.paths]
    assert names == ["a/d.wav", "a b.wav", "b.wav", "folder.wav/c.flac"]


@pytest.mark.parametrize("name", ["noise", "reverb"])
def test_a_recording_that_was_replaced_is_read_again(
    name: str, tmp_path: Path, rng: np.random.Generator
) -> None:
    file, music = tmp_path / "one.wav", rng.uniform(-0.1, 0.1, 2 * RATE).astype(np.float32)
    soundfile.write(file, rng.uniform(-1, 1, RATE), RATE, subtype="FLOAT")
    step = make(name, tmp_path)
    before = step.apply(music, 0, RATE, rng_at(0, Stream.QUERY_DEGRADATION))
    soundfile.write(file, rng.uniform(-1, 1, RATE), RATE, subtype="FLOAT")
    again = step.apply(music, 0, RATE, rng_at(0, Stream.QUERY_DEGRADATION))
    assert not np.allclose(before, again, atol=1e-3)
