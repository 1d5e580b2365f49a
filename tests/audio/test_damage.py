"""The content decides how a file is checked; what is no known audio is not judged."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from damaged_files import RATE, damage_of, encode, music

from fpbench import FpbenchError
from fpbench.audio.damage import find_damage
from fpbench.audio.reading import read_audio

SECONDS = 3.0


@pytest.mark.parametrize("kind", ["ogg", "flac", "mp3", "wav"])
def test_a_hole_of_a_fifth_is_refused_with_its_place(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    soundfile.write(path, music(SECONDS), RATE)
    assert len(read_audio(path, RATE)) >= SECONDS * RATE
    content = path.read_bytes()
    path.write_bytes(content[: 2 * len(content) // 5] + content[3 * len(content) // 5 :])
    with pytest.raises(FpbenchError, match=r"(damaged|truncated).*, from \d\.\d s on"):
        read_audio(path, RATE)


@pytest.mark.parametrize("kind", ["ogg", "flac", "mp3"])
def test_a_half_of_zeros_is_refused_with_its_place(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    soundfile.write(path, music(SECONDS), RATE)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))
    damage = find_damage(path)
    assert damage is not None
    assert damage.at_s == pytest.approx(SECONDS / 2, abs=0.5)
    with pytest.raises(FpbenchError, match=r", from \d\.\d s on"):
        read_audio(path, RATE)


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"hello" * 99, bytes(9_999), b"\xff" * 999, b"OggS", b"fLaC", b"RIFF\0\0\0\0WAVE"],
)
def test_what_is_no_audio_is_not_judged_or_said_to_be_cut(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    damage = find_damage(path)
    assert damage is None or "truncated" in damage.reason


@pytest.mark.parametrize(
    ("codec", "kind", "rate_hz", "bit_rate"),
    [
        ("mp2", "mpeg", 44_100, 64_000),
        ("mp2", "mpegts", 44_100, 64_000),
        ("aac", "mpegts", 16_000, 24_000),
        ("libmp3lame", "avi", 44_100, 32_000),
        ("ac3", "mp4", 48_000, 64_000),
        ("libmp3lame", "flv", 44_100, 32_000),
    ],
)
def test_containers_of_frames_are_no_bare_frames(
    tmp_path: Path, codec: str, kind: str, rate_hz: int, bit_rate: int
) -> None:
    assert damage_of(tmp_path / "a", encode(codec, kind, 3, rate_hz, bit_rate)) is None


def test_noise_is_no_audio(tmp_path: Path, rng: np.random.Generator) -> None:
    for n in range(5):
        path = tmp_path / f"{n}"
        path.write_bytes(rng.bytes(200_000))
        assert find_damage(path) is None


def test_a_file_that_is_replaced_is_checked_again(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, music(1), RATE)
    content = path.read_bytes()
    path.write_bytes(content[:9_000])
    assert find_damage(path) is not None
    path.write_bytes(content)
    assert find_damage(path) is None


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a")
    assert find_damage(tmp_path / "a") is None


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        find_damage(tmp_path / "a")
