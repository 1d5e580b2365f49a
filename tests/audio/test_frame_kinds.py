"""Frames of AAC and AC-3 are followed from one to the next."""

from pathlib import Path

import pytest
from damaged_files import breakages, damage_of, encode

from fpbench.audio.frame_kinds import read_ac3, read_adts

SECONDS = 4.0


@pytest.mark.slow
@pytest.mark.parametrize(("codec", "kind"), [("aac", "adts"), ("ac3", "ac3"), ("eac3", "eac3")])
def test_every_hole_is_found_where_it_begins(tmp_path: Path, codec: str, kind: str) -> None:
    content = encode(codec, kind, SECONDS)
    assert damage_of(tmp_path / "whole", content) is None
    assert damage_of(tmp_path / "tag", content + b"TAG" + bytes(125)) is None
    for n, (breakage, part, broken) in enumerate(breakages(content, 1_501)):
        damage = damage_of(tmp_path / f"{n}", broken)
        assert damage is not None, (breakage, part)
        assert damage.at_s == pytest.approx(SECONDS * part, abs=0.5), (breakage, part, damage)


def test_the_length_of_an_aac_frame() -> None:
    frame = read_adts(bytes.fromhex("fff15080 02 1f fc".replace(" ", "")))
    assert frame is not None
    assert (frame.length, frame.duration_s) == (16, 1024 / 44_100)


def test_the_length_of_an_ac3_frame() -> None:
    frame = read_ac3(bytes([0x0B, 0x77, 0, 0, 0x40 | 7, 8 << 3, 0]))  # 44.1 kHz, 56 kbit/s
    assert frame is not None
    assert frame.length == 244  # 56 000 * 1536 / 44 100 / 8 = 243.8, in two bytes
    assert frame.duration_s == 1536 / 44_100


@pytest.mark.parametrize("head", [b"", b"\xff", b"\x0b\x77", bytes(7), b"\xff" * 7])
def test_other_bytes_are_no_frames(head: bytes) -> None:
    assert read_adts(head) is None
    assert read_ac3(head) is None
