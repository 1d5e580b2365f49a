"""Audio is read as mono float32, and an error gives the reason why a file cannot be read."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fpbench import FpbenchError, Track
from fpbench.audio.reading import audio_hash, durations_s, read_ahead, read_audio

RATE = 8_000


def tone(seconds: float, rate: int = RATE, pitch_hz: float = 440) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * pitch_hz * t)).astype(np.float32)


def write(path: Path, samples: np.ndarray, rate: int = RATE, **kind: str) -> Path:
    soundfile.write(path, samples, rate, **kind)
    return path


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_reads_every_format(tmp_path: Path, suffix: str) -> None:
    samples = read_audio(write(tmp_path / f"a.{suffix}", tone(2)), RATE)
    assert samples.dtype == np.float32
    assert abs(len(samples) - 2 * RATE) < 0.1 * RATE  # mp3 may pad
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.05)


def test_file_names_need_not_be_utf8(tmp_path: Path) -> None:
    path = write(tmp_path / "cafe.flac", tone(2)).rename(tmp_path / os.fsdecode(b"caf\xe9.flac"))
    assert len(read_audio(path, RATE)) == 2 * RATE
    assert durations_s([Track(name="cafe", path=path)]) == [2.0]


def test_reads_a_flac_whose_header_does_not_give_its_length(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", tone(2))
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0  # the last 36 bits before the checksum count the samples
    content[22:26] = bytes(4)
    path.write_bytes(content)
    assert len(read_audio(path, RATE)) == 2 * RATE


def test_mono_is_the_mean_of_the_channels(tmp_path: Path) -> None:
    stereo = np.array([[0.5, 0.25], [-0.5, 0.0], [1.0, -1.0]], dtype=np.float32)
    path = write(tmp_path / "a.wav", stereo, subtype="FLOAT")
    np.testing.assert_array_equal(read_audio(path, RATE), np.float32([0.375, -0.25, 0]))


@pytest.mark.parametrize("resampler", ["soxr", "sinc-hann"])
def test_resampling_keeps_a_tone(tmp_path: Path, resampler: str) -> None:
    path = write(tmp_path / "a.wav", tone(2, rate=44_100), rate=44_100, subtype="FLOAT")
    samples = read_audio(path, RATE, resampler)
    assert len(samples) == 2 * RATE
    inner = slice(RATE // 2, -RATE // 2)
    np.testing.assert_allclose(samples[inner], tone(2)[inner], atol=2e-3)


def test_reading_in_pieces_changes_nothing(tmp_path: Path, rng: np.random.Generator) -> None:
    import soxr

    noise = rng.uniform(-1, 1, 44_100 * 15).astype(np.float32)  # three pieces
    path = write(tmp_path / "a.wav", noise, rate=44_100, subtype="FLOAT")
    whole = soxr.resample(noise, 44_100, RATE, quality="HQ")
    np.testing.assert_array_equal(read_audio(path, RATE), whole)


def cut_in_half(path: Path) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def with_nan() -> np.ndarray:
    samples = tone(1)
    samples[100] = np.nan
    return samples


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(lambda d: d / "no.wav", "no such file", id="missing"),
        pytest.param(lambda d: d, "a folder", id="folder"),
        pytest.param(lambda d: (d / "e.wav", (d / "e.wav").touch())[0], "is empty", id="empty"),
        pytest.param(
            lambda d: (d / "t.ogg", (d / "t.ogg").write_text("hello"))[0], "not recogni", id="text"
        ),
        pytest.param(lambda d: write(d / "z.wav", tone(0)), "no samples", id="no samples"),
        pytest.param(
            lambda d: write(d / "n.wav", with_nan(), subtype="FLOAT"), "not finite", id="nan"
        ),
        pytest.param(
            lambda d: cut_in_half(write(d / "c.ogg", tone(9))), "truncated", id="half ogg"
        ),
        pytest.param(
            lambda d: cut_in_half(write(d / "c.wav", tone(9))), "truncated", id="half wav"
        ),
        pytest.param(
            lambda d: cut_in_half(write(d / "c.wav", tone(9), format="RF64")),
            "truncated: its header gives 144104 bytes, the file has 72052",
            id="half rf64",
        ),
        pytest.param(
            lambda d: cut_in_half(write(d / "c.wav", tone(9), endian="BIG")),
            "truncated: its header gives 144044 bytes, the file has 72022",
            id="half rifx",
        ),
        pytest.param(
            lambda d: cut_in_half(write(d / "c.mp3", tone(9))), "truncated", id="half mp3"
        ),
        pytest.param(lambda d: cut_in_half(write(d / "c.flac", tone(9))), ".", id="half flac"),
    ],
)
def test_says_why_a_file_cannot_be_read(
    tmp_path: Path, make: Callable[[Path], Path], reason: str
) -> None:
    path = make(tmp_path)
    with pytest.raises(FpbenchError, match=reason) as error:
        read_audio(path, RATE)
    assert error.value.message.startswith(f"cannot read {path}: ")


def test_complete_ogg_files_are_not_truncated(tmp_path: Path) -> None:
    for hundredths in range(1, 300, 7):
        path = write(tmp_path / "a.ogg", tone(hundredths / 100))
        assert len(read_audio(path, RATE)) == hundredths * RATE // 100


@pytest.mark.parametrize("kind", [{"format": "RF64"}, {"endian": "BIG"}, {"format": "WAVEX"}])
def test_reads_complete_wav_files_of_every_form(tmp_path: Path, kind: dict[str, str]) -> None:
    assert len(read_audio(write(tmp_path / "a.wav", tone(2), **kind), RATE)) == 2 * RATE


@pytest.mark.parametrize(
    ("at", "length"),
    [
        pytest.param(4, 44 + 2 * 2 * RATE, id="counts the first eight bytes"),
        pytest.param(4, 0xFFFFFFFF, id="all ones"),
        pytest.param(40, 0xFFFFFFFF, id="all ones for the samples"),
    ],
)
def test_reads_complete_wav_files_with_a_wrong_length(tmp_path: Path, at: int, length: int) -> None:
    path = write(tmp_path / "a.wav", tone(2))
    content = bytearray(path.read_bytes())
    content[at : at + 4] = length.to_bytes(4, "little")
    path.write_bytes(content)
    assert len(read_audio(path, RATE)) == 2 * RATE


def test_the_hash_depends_only_on_the_contents(tmp_path: Path) -> None:
    one, same, other = (tmp_path / name for name in ("a", "b", "c"))
    one.write_bytes(b"x")
    same.write_bytes(b"x")
    other.write_bytes(b"y")
    assert audio_hash(one) == audio_hash(same) != audio_hash(other)
    with pytest.raises(FpbenchError, match="No such file"):
        audio_hash(tmp_path / "d")


def test_read_ahead_keeps_the_order_and_says_why_it_skips_a_track(tmp_path: Path) -> None:
    files = {
        "loud": tone(2),
        "short": tone(0.5),
        "silent": np.zeros(2 * RATE, dtype=np.float32),
        "dither": np.full(2 * RATE, 5e-5, dtype=np.float32),
        "also loud": tone(3),
    }
    tracks = [
        Track(name=name, path=write(tmp_path / f"{name}.wav", samples))
        for name, samples in files.items()
    ]
    tracks.insert(1, Track(name="gone", path=tmp_path / "gone.wav"))
    readings = list(read_ahead(tracks, RATE, min_samples=RATE))
    assert [(reading.track.name, reading.reason) for reading in readings] == [
        ("loud", None),
        ("gone", "there is no such file"),
        ("short", "too short: 0.5 s, 1 s needed"),
        ("silent", "silent"),
        ("dither", "silent"),
        ("also loud", None),
    ]
    assert [r.samples is None for r in readings] == [r.reason is not None for r in readings]


def test_silent_tracks_can_be_kept(tmp_path: Path) -> None:
    track = Track(name="s", path=write(tmp_path / "s.wav", np.zeros(RATE, dtype=np.float32)))
    (reading,) = read_ahead([track], RATE, skip_silent=False)
    assert reading.reason is None


@pytest.mark.parametrize("rate", [1, 9, 100, 1_000_001, 10**9])
def test_a_damaged_rate_does_not_fill_the_memory(tmp_path: Path, rate: int) -> None:
    path = write(tmp_path / "a.wav", tone(1))
    content = bytearray(path.read_bytes())
    content[24:28] = rate.to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(FpbenchError, match=f"its header gives a sample rate of {rate} Hz"):
        read_audio(path, RATE)


def test_a_damaged_rate_does_not_count_in_the_plan(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone(10))
    content = bytearray(path.read_bytes())
    content[24:28] = (1).to_bytes(4, "little")
    path.write_bytes(content)
    assert durations_s([Track(name="a", path=path)]).tolist() == [0.0]


@pytest.mark.parametrize("channels", [0, 1024, 65_535])
def test_an_impossible_number_of_channels_is_refused(tmp_path: Path, channels: int) -> None:
    path = write(tmp_path / "a.wav", tone(1))
    content = bytearray(path.read_bytes())
    content[22:24] = channels.to_bytes(2, "little")
    path.write_bytes(content)
    with pytest.raises(FpbenchError, match=r"(?i)channel"):
        read_audio(path, RATE)


def test_a_month_of_silence_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", tone(1))
    content = bytearray(path.read_bytes())
    # The last 36 bits before the MD5 in STREAMINFO are the number of samples.
    samples = 720 * 3600 * RATE
    content[21] = content[21] & 0xF0 | samples >> 32
    content[22:26] = (samples & 0xFFFFFFFF).to_bytes(4, "big")
    path.write_bytes(content)
    with pytest.raises(FpbenchError, match="it has 720 hours, more than 30: split it"):
        read_audio(path, RATE)
