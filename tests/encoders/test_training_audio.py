"""Training audio is decoded once, named by its content, and a part of it is held out."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fpbench import Dataset, FpbenchError, Track
from fpbench.cache import Store
from fpbench.encoders.training_audio import (
    audio_key,
    decode_tracks,
    split_held_out,
    training_audio,
)

RATE_HZ = 8_000


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Track]:
    """Writes a recording, by default a tenth of a second of noise."""

    def write(name: str, samples: np.ndarray | None = None, seed: int = 0) -> Track:
        if samples is None:
            samples = np.random.default_rng(seed).uniform(-0.5, 0.5, RATE_HZ // 10)
        soundfile.write(tmp_path / name, samples, RATE_HZ, subtype="PCM_16")
        return Track(name=name, path=tmp_path / name)

    return write


def test_holds_out_the_same_tracks_for_a_seed() -> None:
    tracks = [Track(name=str(i), path=Path(str(i))) for i in range(33)]
    learnt, held_out = split_held_out(tracks, 7)
    assert len(held_out) == 2
    assert sorted(learnt + held_out, key=lambda t: int(t.name)) == tracks
    assert split_held_out(tracks, 7) == (learnt, held_out)


def test_at_least_one_track_is_held_out() -> None:
    tracks = [Track(name=name, path=Path(name)) for name in "ab"]
    learnt, held_out = split_held_out(tracks, 0)
    assert (len(learnt), len(held_out)) == (1, 1)


def test_samples_are_as_stored(tmp_path: Path, write: Callable[..., Track]) -> None:
    stored = np.array([0, 1, -1, 20_000, -32_768, 32_767], dtype=np.int16)
    track = write("a.wav", stored)
    (samples,) = decode_tracks([track], RATE_HZ, Store(tmp_path / "cache"), "key")
    np.testing.assert_array_equal(samples, stored)


def test_decoded_audio_is_not_read_again(tmp_path: Path, write: Callable[..., Track]) -> None:
    tracks, store = [write("a.wav", seed=1), write("b.wav", seed=2)], Store(tmp_path / "cache")
    first = decode_tracks(tracks, RATE_HZ, store, "key")
    for track in tracks:
        track.path.unlink()
    again = decode_tracks(tracks, RATE_HZ, store, "key")
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("suffix", ["pcm", "json"])
def test_damaged_audio_in_the_cache_is_decoded_again(
    tmp_path: Path, write: Callable[..., Track], caplog: pytest.LogCaptureFixture, suffix: str
) -> None:
    tracks, store = [write("a.wav", seed=1), write("b.wav", seed=2)], Store(tmp_path / "cache")
    first = [samples.copy() for samples in decode_tracks(tracks, RATE_HZ, store, "key")]
    (path,) = store.root.rglob(f"key.{suffix}")
    content = bytearray(path.read_bytes())
    content[1] ^= 1
    path.write_bytes(content)
    again = decode_tracks(tracks, RATE_HZ, store, "key")
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert f"{path} is damaged" in caplog.text


def test_a_broken_file_is_left_out_with_a_warning(
    tmp_path: Path, write: Callable[..., Track], caplog: pytest.LogCaptureFixture
) -> None:
    broken = Track(name="broken.wav", path=tmp_path / "broken.wav")
    broken.path.write_bytes(b"RIFF and then nothing")
    found = decode_tracks([broken, write("a.wav")], RATE_HZ, Store(tmp_path / "cache"), "key")
    assert len(found) == 1
    assert "left out broken.wav" in caplog.text
    with pytest.raises(FpbenchError, match="none of 1 recordings"):
        decode_tracks([broken], RATE_HZ, Store(tmp_path / "cache"), "other")


def test_a_key_depends_on_content_and_order(tmp_path: Path, write: Callable[..., Track]) -> None:
    one, other = write("a.wav", seed=1), write("b.wav", seed=2)
    shutil.copy(one.path, tmp_path / "copy.wav")
    copy = Track(name="copy.wav", path=tmp_path / "copy.wav")
    assert audio_key([one, other], RATE_HZ) == audio_key([copy, other], RATE_HZ)
    keys = {
        audio_key([one, other], RATE_HZ),
        audio_key([other, one], RATE_HZ),
        audio_key([one], RATE_HZ),
        audio_key([one, other], 16_000),
    }
    assert len(keys) == 4


def test_a_dataset_has_all_that_a_training_needs(
    tmp_path: Path, write: Callable[..., Track]
) -> None:
    whole = Dataset(
        name="d",
        reference=(),
        distractors=(),
        train=[write(f"{n}.wav", seed=n) for n in range(3)],
        train_noise=[write("noise.wav", seed=8)],
        train_impulse_responses=[write("room.wav", seed=9)],
    )
    audio = training_audio(whole, RATE_HZ, seed=0, store=Store(tmp_path / "cache"))
    parts = (audio.music, audio.held_out, audio.noise, audio.impulse_responses)
    assert [len(part) for part in parts] == [2, 1, 1, 1]
    assert audio.key
    for lacking, what in (
        (replace(whole, train=whole.train[:1]), "1 recordings of music"),
        (replace(whole, train_noise=()), "0 recordings of noise"),
        (replace(whole, train_impulse_responses=()), "0 recordings of impulse responses"),
    ):
        with pytest.raises(FpbenchError, match=what):
            training_audio(lacking, RATE_HZ, seed=0, store=Store(tmp_path / "cache"))


@pytest.fixture
def whole(write: Callable[..., Track]) -> Dataset:
    return Dataset(
        name="d",
        train=[write(f"{n}.wav", seed=n) for n in range(4)],
        train_noise=[write("noise.wav", seed=8)],
        train_impulse_responses=[write("room.wav", seed=9)],
    )


def test_one_odd_file_does_not_end_a_training(
    tmp_path: Path, write: Callable[..., Track], whole: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path / "cache")
    plain = training_audio(whole, RATE_HZ, seed=0, store=store)
    gone = Track(name="gone.wav", path=tmp_path / "gone.wav")
    left = np.full(RATE_HZ, 0.5)
    anti = write("anti.wav", np.stack([left, -left], axis=1))
    silent = write("silent.wav", np.zeros(RATE_HZ))
    odd = replace(
        whole,
        train=[gone, *whole.train, anti],
        train_noise=[silent, *whole.train_noise],
        train_impulse_responses=[*whole.train_impulse_responses, gone],
    )
    audio = training_audio(odd, RATE_HZ, seed=0, store=store)
    assert audio.key == plain.key
    assert [len(part) for part in (audio.music, audio.held_out, audio.noise)] == [3, 1, 1]
    for name in ("gone.wav: No such file", "anti.wav: its channels cancel", "silent.wav"):
        assert f"left out {name}" in caplog.text
    with pytest.raises(FpbenchError, match="0 recordings of noise for training, besides 1 that"):
        training_audio(replace(odd, train_noise=[silent]), RATE_HZ, seed=0, store=store)


def test_a_recording_that_can_be_read_again_is_used_again(
    tmp_path: Path, whole: Dataset, write: Callable[..., Track]
) -> None:
    store = Store(tmp_path / "cache")
    track = Track(name="late.wav", path=tmp_path / "late.wav")
    later = replace(whole, train_noise=[*whole.train_noise, track])
    assert len(training_audio(later, RATE_HZ, seed=0, store=store).noise) == 1
    write("late.wav", seed=5)
    assert len(training_audio(later, RATE_HZ, seed=0, store=store).noise) == 2
    assert len(decode_tracks([track, replace(track, path=tmp_path)], RATE_HZ, store, "key")) == 1
    assert len(decode_tracks([track, track], RATE_HZ, store, "key")) == 2
