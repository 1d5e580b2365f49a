"""Channels are mixed as the setting says, and what cancels is not called silent."""

import math
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import soundfile

from fpbench import FpbenchError, Track
from fpbench.audio.channels import (
    LARGEST_PEAK,
    ChannelMixer,
    loudest_channel,
    mean_of_channels,
)
from fpbench.audio.reading import read_ahead, read_audio, track_hash
from fpbench.plugin.datasets import Channel, Dataset, RecordedQuery

RATE = 8_000
CHANNELS = get_args(Channel)


@pytest.fixture
def tune(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(-0.5, 0.5, RATE).astype(np.float32)


def write(path: Path, *channels: np.ndarray) -> Path:
    soundfile.write(path, np.stack(channels, axis=1), RATE, subtype="FLOAT")
    return path


def why_skipped(path: Path, channel: Channel = "mean", *, skip_silent: bool = True) -> str | None:
    track = Track(name="a", path=path, channel=channel)
    (reading,) = read_ahead([track], RATE, skip_silent=skip_silent)
    return reading.reason


def test_each_setting_takes_its_channel(tmp_path: Path, tune: np.ndarray) -> None:
    path = write(tmp_path / "a.wav", 0.25 * tune, -tune, 0.5 * tune)
    np.testing.assert_array_equal(read_audio(path, RATE, channel="left"), 0.25 * tune)
    np.testing.assert_array_equal(read_audio(path, RATE, channel="right"), -tune)
    np.testing.assert_array_equal(read_audio(path, RATE, channel="loudest"), -tune)
    np.testing.assert_allclose(read_audio(path, RATE), -0.25 / 3 * tune, atol=1e-7)


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_recording_with_one_channel_is_itself(
    tmp_path: Path, tune: np.ndarray, channel: Channel
) -> None:
    path = write(tmp_path / "a.wav", tune)
    np.testing.assert_array_equal(read_audio(path, RATE, channel=channel), tune)


def test_the_loudest_has_the_most_energy_over_the_whole_recording(tune: np.ndarray) -> None:
    blocks = [np.stack([tune, 0.9 * tune], axis=1), np.stack([0.1 * tune, 0.9 * tune], axis=1)]
    assert loudest_channel(blocks[:1]) == 0
    assert loudest_channel(blocks) == 1


@pytest.mark.parametrize("skip_silent", [True, False])
def test_channels_of_opposite_sign_are_not_called_silent(
    tmp_path: Path, tune: np.ndarray, skip_silent: bool
) -> None:
    path = write(tmp_path / "a.wav", tune, -tune)
    reason = why_skipped(path, skip_silent=skip_silent)
    assert reason == (
        "its channels cancel: their mean is silent; set channel to left, right or loudest"
    )
    assert why_skipped(path, "left") is None
    assert why_skipped(path, "loudest") is None


def test_what_a_lossy_codec_leaves_of_cancelled_channels_is_not_music(
    tmp_path: Path, tune: np.ndarray, rng: np.random.Generator
) -> None:
    noise = rng.uniform(-5e-4, 5e-4, RATE).astype(np.float32)
    reason = why_skipped(write(tmp_path / "a.wav", tune + noise, -tune + noise))
    assert reason is not None
    assert reason.startswith("its channels cancel: their mean is 60 dB below them;")


def test_silent_channels_are_silent(tmp_path: Path, tune: np.ndarray) -> None:
    quiet = np.float32(1e-4) * tune
    assert why_skipped(write(tmp_path / "a.wav", quiet, -quiet)) == "silent"


def test_a_mixer_measures_how_far_channels_cancel(tune: np.ndarray) -> None:
    for right, expected_db in ((tune, 0.0), (-0.8 * tune, 19.14), (-tune, math.inf)):
        mixer = ChannelMixer("mean")
        mixer.mix(np.stack([tune, right], axis=1).astype(np.float32))
        assert mixer.cancelled_db == pytest.approx(expected_db, abs=0.01)
    one = ChannelMixer("left")
    one.mix(np.stack([tune, -tune], axis=1))
    assert one.cancelled_db == 0


@pytest.mark.parametrize("peak", [1e30, 3e38, -1e30, 32_767, 1.01 * LARGEST_PEAK])
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_far_beyond_full_scale_are_no_audio(
    tmp_path: Path, tune: np.ndarray, peak: float, channels: int
) -> None:
    tune[77] = peak
    path = write(tmp_path / "a.wav", *[tune] * channels)
    with pytest.raises(FpbenchError, match=r"a\.wav: it holds samples of up to .*full scale is 1"):
        read_audio(path, RATE)


@pytest.mark.parametrize("channel", CHANNELS)
def test_one_sample_that_is_not_finite_is_seen_in_any_channel(
    tmp_path: Path, tune: np.ndarray, channel: Channel
) -> None:
    for odd in (np.nan, np.inf, -np.inf):
        broken = tune.copy()
        broken[-1] = odd
        path = write(tmp_path / "a.wav", tune, broken)
        with pytest.raises(FpbenchError, match="samples that are not finite"):
            read_audio(path, 16_000, channel=channel)


def test_loud_masters_and_denormal_numbers_are_audio(tmp_path: Path, tune: np.ndarray) -> None:
    tune[:2] = 20.0, 1e-42
    samples = read_audio(write(tmp_path / "a.wav", tune), RATE)
    np.testing.assert_array_equal(samples, tune)


def test_another_channel_is_other_audio(tmp_path: Path, tune: np.ndarray) -> None:
    path = write(tmp_path / "a.wav", tune, tune)
    hashes = {track_hash(Track(name="a", path=path, channel=channel)) for channel in CHANNELS}
    assert len(hashes) == len(CHANNELS)


def test_a_dataset_gives_the_channel_to_all_its_recordings(tmp_path: Path) -> None:
    track = Track(name="a", path=tmp_path / "a.wav")
    query = RecordedQuery(name="q", path=tmp_path / "q.wav", reference="a", start_s=2.0)
    dataset = Dataset(name="x", reference=[track], noise=[track], train=[track], queries=[query])
    left = dataset.with_channel("left")
    assert {one.channel for one in (*left.reference, *left.noise, *left.train)} == {"left"}
    assert left.queries[0].channel == left.queries[0].track.channel == "left"
    assert list(left.with_channel("mean").noise) == [track]


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 7, 8, 9])
def test_the_mean_has_the_bytes_of_numpys(rng: np.random.Generator, channels: int) -> None:
    block = rng.standard_normal((1_000, channels)).astype(np.float32)
    np.testing.assert_array_equal(mean_of_channels(block), block.mean(axis=1))
