"""A survey decodes each recording once and tells what it holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import soundfile

from fpbench.audio import survey as module
from fpbench.audio.decoding import Recording, open_recording
from fpbench.audio.survey import (
    Survey,
    Surveys,
    decoded_durations_s,
    known_surveys,
    survey_recordings,
    survey_track,
)
from fpbench.cache import Store
from fpbench.plugin.datasets import Channel, Track

RATE_HZ = 8_000


def write(
    path: Path,
    samples: np.ndarray,
    rate_hz: int = RATE_HZ,
    channel: Channel = "mean",
    subtype: str | None = None,
) -> Track:
    soundfile.write(path, samples, rate_hz, subtype)
    return Track(name=path.name, path=path, channel=channel)


def noise(seconds: float, seed: int = 0, channels: int = 1) -> np.ndarray:
    shape = (round(seconds * RATE_HZ), channels)
    return np.random.default_rng(seed).integers(-9_000, 9_000, shape).astype(np.int16)


def survey(store: Store, *tracks: Track) -> Surveys:
    return survey_recordings(store, tracks, lambda _done, _words: None)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that surveys have opened."""
    names: list[str] = []

    @contextmanager
    def note(path: Path) -> Iterator[Recording]:
        names.append(path.name)
        with open_recording(path) as recording:
            yield recording

    monkeypatch.setattr(module, "open_recording", note)
    return names


# ---------------------------------------------------------------- what it tells


def test_tells_what_was_decoded(tmp_path: Path) -> None:
    left = 0.5 * (-1.0) ** np.arange(RATE_HZ)
    track = write(tmp_path / "a.wav", np.stack([left, left / 2], axis=1), subtype="FLOAT")
    found = survey_track(track)
    assert (found.sample_rate_hz, found.channels, found.frames) == (RATE_HZ, 2, RATE_HZ)
    assert (found.duration_s, found.peak) == (1.0, 0.5)
    assert (found.silent_s, found.silent) == ((), False)
    assert found.decoder == f"libsndfile {soundfile.__libsndfile_version__}"


def test_equal_samples_have_one_digest_in_every_container(tmp_path: Path) -> None:
    samples = noise(0.5)
    tracks = [
        write(tmp_path / "a.wav", samples),
        write(tmp_path / "a.flac", samples),
        write(tmp_path / "24.wav", samples.astype(np.int32) << 16, subtype="PCM_24"),
        write(tmp_path / "float.wav", samples / np.float32(32_768), subtype="FLOAT"),
        write(tmp_path / "both.wav", np.repeat(samples, 2, axis=1)),
    ]
    assert len({survey_track(track).digest for track in tracks}) == 1


def test_other_audio_has_another_digest(tmp_path: Path) -> None:
    samples = noise(0.5, channels=2)
    changed = samples.copy()
    changed[-1, 1] += 1
    tracks = [
        write(tmp_path / "a.wav", samples),
        write(tmp_path / "changed.wav", changed),
        write(tmp_path / "swapped.wav", samples[:, ::-1]),
        write(tmp_path / "left.wav", samples[:, :1]),
        write(tmp_path / "shorter.wav", samples[:-1]),
        write(tmp_path / "slower.wav", samples, RATE_HZ // 2),
    ]
    assert len({survey_track(track).digest for track in tracks}) == len(tracks)


def test_a_negative_zero_is_a_zero(tmp_path: Path) -> None:
    zeros = np.array([0.0, 0.5, 0.0], dtype=np.float32)
    tracks = [
        write(tmp_path / "plus.wav", zeros, subtype="FLOAT"),
        write(tmp_path / "minus.wav", np.array([-0.0, 0.5, -0.0], np.float32), subtype="FLOAT"),
    ]
    assert len({survey_track(track).digest for track in tracks}) == 1


def test_blocks_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = noise(2.0, channels=2)
    samples[3_000:9_000] = 0
    track = write(tmp_path / "a.wav", samples)
    whole = survey_track(track)
    monkeypatch.setattr("fpbench.audio.decoding.FRAMES_AT_ONCE", 777)
    in_blocks = survey_track(track)
    assert (in_blocks.digest, in_blocks.silent_s) == (whole.digest, whole.silent_s)


@pytest.mark.parametrize(
    ("silent", "found"),
    [
        pytest.param([(0.0, 1.0)], [(0.0, 1.0)], id="at the beginning"),
        pytest.param([(2.5, 3.0)], [(2.5, 3.0)], id="at the end"),
        pytest.param([(1.003, 1.409)], [(1.01, 1.4)], id="in whole steps"),
        pytest.param([(1.0, 1.1), (2.0, 2.1)], [], id="a rest between notes"),
        pytest.param([(0.5, 0.8), (1.0, 2.0)], [(0.5, 0.8), (1.0, 2.0)], id="two"),
        pytest.param([(0.0, 3.0)], [(0.0, 3.0)], id="all"),
    ],
)
def test_finds_silent_stretches(
    tmp_path: Path, silent: list[tuple[float, float]], found: list[tuple[float, float]]
) -> None:
    samples = 0.1 * (-1.0) ** np.arange(3 * RATE_HZ)
    for start_s, end_s in silent:
        samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)] = 5e-5  # dither
    survey = survey_track(write(tmp_path / "a.wav", samples, subtype="FLOAT"))
    assert survey.silent_s == tuple(pytest.approx(one) for one in found)
    assert survey.silent == (silent == [(0.0, 3.0)])


@pytest.mark.parametrize(
    ("subtype", "offset"),
    [
        pytest.param("FLOAT", 0.01, id="an offset of the converter"),
        pytest.param("PCM_U8", -1 / 128, id="8 bits"),
        pytest.param("ALAW", 8 / 32768, id="a codec without zero"),
    ],
)
def test_silence_need_not_be_zero(tmp_path: Path, subtype: str, offset: float) -> None:
    samples = np.full(2 * RATE_HZ, offset)
    samples[:RATE_HZ] += 0.1 * (-1.0) ** np.arange(RATE_HZ)
    survey = survey_track(write(tmp_path / "a.wav", samples, subtype=subtype))
    assert survey.silent_s == ((1.0, 2.0),)


def test_channels_that_cancel_are_silent_in_their_mean_only(tmp_path: Path) -> None:
    left = noise(1.0)
    both = np.concatenate([left, -left], axis=1)
    found = {
        channel: survey_track(write(tmp_path / "a.wav", both, channel=channel))
        for channel in get_args(Channel)
    }
    assert {name: one.silent for name, one in found.items()} == {
        "mean": True,
        "left": False,
        "right": False,
        "loudest": False,
    }
    assert found["mean"].cancelled_db == np.inf
    assert len({one.digest for one in found.values()}) == 3  # the first of equally loud ones


def test_the_signal_is_the_channel_that_is_taken(tmp_path: Path) -> None:
    left, right = noise(1.0, 1), noise(1.0, 2) // 2
    right[: RATE_HZ // 2] = 0
    both = np.concatenate([left, right], axis=1)
    mono = {"left": left, "right": right, "loudest": left}
    for channel in ("left", "right", "loudest"):
        taken = survey_track(write(tmp_path / "both.wav", both, channel=channel))
        alone = survey_track(write(tmp_path / "alone.wav", mono[channel]))
        assert (taken.digest, taken.silent_s) == (alone.digest, alone.silent_s)
    assert taken.channels == 2


# ---------------------------------------------------------------- cache


def test_decodes_each_recording_once(tmp_path: Path, store: Store, decoded: list[str]) -> None:
    tracks = [write(tmp_path / f"{n}.wav", noise(0.5, n)) for n in range(3)]
    first = survey(store, tracks[0], tracks[2], tracks[0])
    assert sorted(decoded) == ["0.wav", "2.wav"]
    again = survey(store, *tracks)
    assert decoded[2:] == ["1.wav"]
    assert again == {**first, tracks[1]: again[tracks[1]]}
    renamed = Track(name="renamed", path=tmp_path / "renamed.wav")
    renamed.path.write_bytes(tracks[0].path.read_bytes())
    assert survey(store, renamed)[renamed] == first[tracks[0]]
    assert len(decoded) == 3
    absent = Track(name="absent", path=tmp_path / "absent.wav")
    assert known_surveys(store, [*tracks, absent]) == again
    survey(store.without_earlier(), tracks[0])
    assert len(decoded) == 4


def test_what_could_not_be_read_is_tried_again(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    track = write(tmp_path / "a.wav", noise(0.5))
    whole = track.path.read_bytes()
    track.path.write_bytes(b"RIFF and nothing")
    assert survey(store, track)[track].reason
    track.path.write_bytes(whole)

    def fail(_path: Path) -> None:
        raise soundfile.LibsndfileError(1)

    with monkeypatch.context() as patch:
        patch.setattr("soundfile.SoundFile", fail)  # the disk fails once
        failed = survey(store, track)[track]
    assert failed.reason is not None
    assert (failed.digest, failed.duration_s) == (None, 0.0)
    assert survey(store, track)[track].reason is None


def test_another_decoder_decodes_again(
    tmp_path: Path, store: Store, decoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    track = write(tmp_path / "a.wav", noise(0.5))
    survey(store, track)
    monkeypatch.setattr(module, "decoders", lambda: frozenset({"libsndfile 9.9"}))
    survey(store, track)
    assert decoded == ["a.wav", "a.wav"]


def test_an_interrupted_survey_goes_on(tmp_path: Path, store: Store, decoded: list[str]) -> None:
    tracks = [write(tmp_path / f"{n}.wav", noise(0.1, n)) for n in range(8)]

    def interrupt(done: float, _words: str) -> None:
        if done >= 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        survey_recordings(store, tracks, interrupt, workers=1)
    decoded.clear()
    survey(store, *tracks)
    assert set(decoded).isdisjoint({f"{n}.wav" for n in range(4)})


def test_many_recordings_take_few_files(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 4)
    tracks = [write(tmp_path / f"{n}.wav", noise(0.1, n)) for n in range(9)]
    survey(store, *tracks)
    assert len([one for one in store.root.rglob("*") if one.is_file()]) == 3


def test_a_damaged_file_of_the_cache_is_made_again(
    tmp_path: Path, store: Store, decoded: list[str]
) -> None:
    track = write(tmp_path / "a.wav", noise(0.5))
    before = survey(store, track)
    (batch,) = [one for one in store.root.rglob("*") if one.is_file()]
    batch.write_bytes(batch.read_bytes()[:-9])
    assert survey(store, track) == before
    assert len(decoded) == 2


def test_lengths_are_those_decoded_or_else_those_in_the_headers(tmp_path: Path) -> None:
    tracks = [write(tmp_path / f"{n}.wav", noise(n / 2)) for n in (1, 2, 3)]
    known = {
        tracks[0]: Survey(sample_rate_hz=10, frames=70, digest="d"),
        tracks[2]: Survey(reason="damaged"),
    }
    assert decoded_durations_s(known, tracks).tolist() == [7.0, 1.0, 0.0]
