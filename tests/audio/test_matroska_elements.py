"""The clusters and blocks of Matroska files are followed to the end."""

from pathlib import Path

import pytest
from damaged_files import breakages, damage_of, encode

SECONDS = 12.0

KINDS = {
    "matroska": ("aac", "matroska", {}),
    "webm": ("libopus", "webm", {}),
    "live": ("aac", "matroska", {"live": "1"}),
}


def video_sound(kind: str) -> bytes:
    codec, container, options = KINDS[kind]
    return encode(codec, container, SECONDS, 48_000, **options)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_breakage_is_found_where_it_begins(tmp_path: Path, kind: str) -> None:
    content = video_sound(kind)
    assert damage_of(tmp_path / "whole", content) is None
    for n, (breakage, part, broken) in enumerate(breakages(content, 3_001)):
        damage = damage_of(tmp_path / f"{n}", broken)
        assert damage is not None, (breakage, part)
        assert damage.at_s == pytest.approx(SECONDS * part, abs=5.5), (breakage, part, damage)


def test_a_cut_is_found_to_the_block(tmp_path: Path) -> None:
    content = video_sound("webm")
    damage = damage_of(tmp_path / "a", content[: len(content) // 2])
    assert damage is not None
    assert damage.reason.startswith("truncated: ")
    assert damage.at_s == pytest.approx(SECONDS / 2, abs=0.6)


def test_one_wrong_bit_is_seen_by_the_checksum(tmp_path: Path) -> None:
    content = bytearray(video_sound("matroska"))
    content[len(content) // 2] ^= 1
    damage = damage_of(tmp_path / "a", bytes(content))
    assert damage is not None
    assert damage.reason == "damaged: the checksum of a cluster is wrong"


def test_files_may_be_joined(tmp_path: Path) -> None:
    content = video_sound("webm")
    joined = damage_of(tmp_path / "a", content + content)
    assert joined is None


def test_an_element_longer_than_any_file_is_not_followed(tmp_path: Path) -> None:
    longest = b"\x1a\x45\xdf\xa3" + b"\x01" + b"\xff" * 6 + b"\xfe"
    assert damage_of(tmp_path / "a", longest + video_sound("webm")) is None


@pytest.mark.slow
@pytest.mark.parametrize("length", [4, 5, 40, 60, 300])
def test_a_file_that_ends_before_its_sound(tmp_path: Path, length: int) -> None:
    damage = damage_of(tmp_path / "a", video_sound("webm")[:length])
    assert damage is None or damage.reason.startswith("truncated: ")
