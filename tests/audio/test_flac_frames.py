"""Every frame of a FLAC file is checked, and their number."""

from itertools import pairwise
from pathlib import Path

import pytest
import soundfile
from damaged_files import RATE, damage_of, missed, music

from fpbench.audio.crc16 import crc16
from fpbench.audio.flac_headers import HEADER_BYTES, read_frame_headers

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


def count_samples(content: bytes) -> bytes:
    """The frames with the number of their first sample, as encoders with several sizes write it."""
    start = content.index(b"\xff\xf8")
    at = read_frame_headers(content[start:] + bytes(HEADER_BYTES)).at.tolist()
    changed, sample = content[:start], 0
    for begin, end in pairwise([*at, len(content) - start]):
        frame = content[start + begin : start + end]
        rest = frame[5:] if frame[4] < 0x80 else frame[6:]  # which are numbers below 128 and 2048
        number = chr(sample).encode("utf-8", "surrogatepass")
        size = int.from_bytes(rest[:2], "big") + 1 if frame[2] >> 4 == 7 else 4_096
        head_bytes = {6: 1, 7: 2}.get(frame[2] >> 4, 0)
        head = b"\xff\xf9" + frame[2:4] + number + rest[:head_bytes]
        sealed = head + bytes([crc8(head)]) + rest[head_bytes + 1 : -2]
        changed += sealed + crc16(sealed).to_bytes(2, "big")
        sample += size
    return changed


def crc8(content: bytes) -> int:
    remainder = 0
    for byte in content:
        remainder ^= byte
        for _ in range(8):
            remainder = (remainder << 1 ^ 7 * (remainder >> 7)) & 0xFF
    return remainder


def test_frames_may_count_samples(tmp_path: Path) -> None:
    content = count_samples(flac(tmp_path / "a.flac", 40 * 4_096 / RATE))
    assert damage_of(tmp_path / "b", content) is None
    (tmp_path / "c.flac").write_bytes(content)
    assert len(soundfile.read(tmp_path / "c.flac")[0]) == 40 * 4_096
    assert missed(tmp_path / "d", content, 1, lambda d: (d.at_s or 0) / (40 * 4_096 / RATE)) == []


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
