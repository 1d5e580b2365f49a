"""Every frame of a FLAC file is checked, and their number."""

from pathlib import Path

import pytest
import soundfile
from damaged_files import RATE, damage_of, missed, music

SECONDS = 6.0


def flac(path: Path, seconds: float = SECONDS, **kind: object) -> bytes:
    soundfile.write(path, music(seconds), RATE, **kind)
    return path.read_bytes()


def without_length(content: bytes) -> bytes:
    changed = bytearray(content)
    changed[21] &= 0xF0
    changed[22:26] = bytes(4)
    return bytes(changed)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param({"compression_level": 0.0}, id="level 0"),
        pytest.param({"compression_level": 1.0}, id="level 8"),
        pytest.param({"subtype": "PCM_24"}, id="24 bit"),
        pytest.param({"subtype": "PCM_S8"}, id="8 bit"),
    ],
)
def test_whole_files_are_not_damaged(tmp_path: Path, kind: dict[str, object]) -> None:
    content = flac(tmp_path / "a.flac", 2, **kind)
    assert damage_of(tmp_path / "b", content) is None
    assert damage_of(tmp_path / "pipe", without_length(content)) is None
    assert damage_of(tmp_path / "tag", content + b"TAG" + bytes(125)) is None
    assert damage_of(tmp_path / "zeros", content + bytes(5_000)) is None
    tag = b"ID3\3\0\0" + bytes([0, 0, 2, 0]) + bytes(256)
    assert damage_of(tmp_path / "id3", tag + content) is None


def test_files_of_every_length_are_not_damaged(tmp_path: Path) -> None:
    for samples in (1, 15, 16, 17, 4_095, 4_096, 4_097, 12_288, 50_000):
        assert damage_of(tmp_path / f"{samples}", flac(tmp_path / "a.flac", samples / RATE)) is None


@pytest.mark.parametrize("known", [True, False], ids=["length known", "length unknown"])
def test_every_breakage_is_found_where_it_begins(tmp_path: Path, known: bool) -> None:
    content = flac(tmp_path / "a.flac")
    content = content if known else without_length(content)
    assert missed(tmp_path / "b", content, 1, lambda damage: (damage.at_s or 0) / SECONDS) == []


def test_says_how_many_samples_are_missing(tmp_path: Path) -> None:
    content = flac(tmp_path / "a.flac", 3 * 4_096 / RATE)
    last = content.rindex(b"\xff\xf8")
    damage = damage_of(tmp_path / "b", content[:last])
    assert damage is not None
    assert damage.reason == "truncated: its header gives 12288 samples, its frames have 8192"


@pytest.mark.parametrize("length", [5, 20, 60])
def test_a_file_that_ends_in_its_metadata(tmp_path: Path, length: int) -> None:
    damage = damage_of(tmp_path / "b", flac(tmp_path / "a.flac", 1)[:length])
    assert str(damage) == "truncated: it ends in its metadata, from 0.0 s on"


def test_a_second_file_behind_the_first_is_said(tmp_path: Path) -> None:
    content = flac(tmp_path / "a.flac", 1)
    damage = damage_of(tmp_path / "b", content + content)
    assert damage is not None
