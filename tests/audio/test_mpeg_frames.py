"""Holes, junk and cuts in MP3 files are found; tags, padding and joined files are none."""

from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile
from damaged_files import RATE, breakages, damage_of, encode, music

from fpbench.audio.mpeg_frames import MpegFrames, free_frame_bytes

ID3V2 = b"ID3\3\0\0" + bytes([0, 0, 31, 5]) + bytes(31 * 128 + 5)
APE = b"APETAGEX" + (2_000).to_bytes(4, "little") + (40).to_bytes(4, "little")
APE += (1).to_bytes(4, "little") + (0xA0000000).to_bytes(4, "little") + bytes(8 + 40)
ID3V1 = b"TAG" + b"x" * 125


@pytest.fixture(scope="module")
def lame(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Stereo at a constant bit rate, with a header that counts its frames."""
    path = tmp_path_factory.mktemp("mp3") / "a.mp3"
    soundfile.write(path, music(6), RATE, bitrate_mode="CONSTANT", compression_level=0.5)
    return path.read_bytes()


@pytest.fixture(scope="module")
def bare(lame: bytes) -> bytes:
    """The same without that header."""
    return lame[frame_starts(lame)[1] :]


def frame_starts(content: bytes) -> list[int]:
    kind, starts, at = MpegFrames(), [], content.index(b"\xff\xfb")
    while frame := kind.read_head(content[at : at + 64]):
        starts.append(at)
        at += frame.length
    return starts


@pytest.mark.parametrize(
    ("codec", "options", "rate_hz", "bit_rate"),
    [
        pytest.param("libmp3lame", {}, 44_100, 64_000, id="mp3"),
        pytest.param("libmp3lame", {"write_xing": "0"}, 22_050, 48_000, id="MPEG-2 without Xing"),
        pytest.param("libmp3lame", {}, 8_000, 16_000, id="MPEG-2.5"),
        pytest.param("mp2", {}, 44_100, 128_000, id="layer II"),
        pytest.param("mp2", {}, 24_000, 64_000, id="layer II of MPEG-2"),
    ],
)
def test_what_encoders_write_is_not_damaged(
    tmp_path: Path, codec: str, options: dict[str, str], rate_hz: int, bit_rate: int
) -> None:
    kind = "mp2" if codec == "mp2" else "mp3"
    content = encode(codec, kind, 2, rate_hz, bit_rate, **options)
    assert len(content) > 1_500
    assert damage_of(tmp_path / "a", content) is None
    damage = damage_of(tmp_path / "b", content[: len(content) // 2 + 7])
    assert damage is not None
    assert "truncated" in damage.reason


@pytest.mark.parametrize("mode", ["CONSTANT", "AVERAGE", "VARIABLE"])
def test_no_bit_rate_is_damaged(tmp_path: Path, mode: str) -> None:
    soundfile.write(tmp_path / "a.mp3", music(1), RATE, bitrate_mode=mode, compression_level=0.3)
    assert damage_of(tmp_path / "b", (tmp_path / "a.mp3").read_bytes()) is None


@pytest.mark.parametrize(
    "surround",
    [
        pytest.param(lambda m, b: ID3V2 + m, id="ID3v2"),
        pytest.param(lambda m, b: ID3V2 + ID3V2 + m, id="two tags"),
        pytest.param(lambda m, b: bytes(4_096) + m, id="4 kB of zeros first"),
        pytest.param(lambda m, b: b"cover" * 700 + b, id="3.5 kB of something first"),
        pytest.param(lambda m, b: m + APE + ID3V1, id="APE and ID3v1"),
        pytest.param(lambda m, b: m + bytes(4_096), id="4 kB of zeros at the end"),
        pytest.param(lambda m, b: m + b"</html>" * 9, id="text at the end"),
        pytest.param(lambda m, b: m + m, id="joined"),
        pytest.param(lambda m, b: b + b, id="joined without headers"),
        pytest.param(lambda m, b: m + ID3V1 + ID3V2 + b, id="joined with tags"),
        pytest.param(lambda m, b: m + bytes(500) + m, id="joined with padding"),
        pytest.param(lambda m, b: m + bytes(500) + ID3V2 + b, id="joined with padding and tag"),
    ],
)
def test_what_programs_add_is_not_damage(
    tmp_path: Path, lame: bytes, bare: bytes, surround: Callable[[bytes, bytes], bytes]
) -> None:
    assert damage_of(tmp_path / "a", surround(lame, bare)) is None


def test_an_excerpt_of_whole_frames_is_not_damaged(tmp_path: Path, lame: bytes) -> None:
    starts = frame_starts(lame)
    assert damage_of(tmp_path / "a", lame[starts[50] : starts[150]]) is None


@pytest.mark.parametrize("counted", [True, False], ids=["counted", "not counted"])
def test_every_hole_is_found_where_it_begins(
    tmp_path: Path, lame: bytes, bare: bytes, counted: bool
) -> None:
    content = lame if counted else bare
    for n, (kind, part, broken) in enumerate(breakages(content, 1_500)):
        damage = damage_of(tmp_path / f"{n}", broken)
        assert damage is not None, (kind, part)
        assert damage.at_s == pytest.approx(6 * part, abs=0.5), (kind, part, damage)


def test_missing_frames_are_seen_by_what_those_after_them_refer_to(
    tmp_path: Path, bare: bytes
) -> None:
    starts = frame_starts(bare)
    seen = 0
    for first in range(20, 200, 20):
        holed = bare[: starts[first]] + bare[starts[first + 7] :]
        seen += damage_of(tmp_path / f"{first}", holed) is not None
    assert seen >= 3  # the others leave enough bytes over


def test_missing_frames_are_seen_by_their_count(tmp_path: Path, lame: bytes) -> None:
    starts = frame_starts(lame)
    damage = damage_of(tmp_path / "a", lame[: starts[100]])
    assert damage is not None
    assert damage.reason == f"truncated: its header counts {len(starts) - 1} frames, 99 are there"


@pytest.mark.parametrize(("length", "found"), [(4_096, False), (200_000, True)])
def test_much_padding_is_audio_that_was_lost(
    tmp_path: Path, bare: bytes, length: int, found: bool
) -> None:
    assert (damage_of(tmp_path / "a", bare + bytes(length)) is not None) == found


def test_frames_whose_headers_leave_their_length_open(tmp_path: Path) -> None:
    header = b"\xff\xfb\x00\xc0"  # MPEG-1, layer III, free, 44.1 kHz, mono
    frame = header + bytes(17) + b"\x55" * 400
    content = frame * 60
    assert free_frame_bytes(content[:16_384]) == len(frame)
    assert damage_of(tmp_path / "a", content) is None
    assert damage_of(tmp_path / "b", content[: 30 * len(frame)] + content[31 * len(frame) + 9 :])


def test_frames_with_a_checksum(tmp_path: Path) -> None:
    header = b"\xff\xfa\x90\xc0"  # MPEG-1, layer III, 128 kbit/s, 44.1 kHz, mono
    frame = header + b"\x12\x34" + bytes(17) + b"\x55" * (417 - 23)
    assert damage_of(tmp_path / "a", frame * 60) is None
    # The first 9 bits of the side information say how far back the frame begins.
    later = header + b"\x12\x34" + b"\xff" + bytes(16) + b"\x55" * (417 - 23)
    assert damage_of(tmp_path / "b", frame * 30 + later + frame * 30) is None
    # The 12 bits from the 19th on are how many bits of it are used: 3000 of 3152.
    full = header + b"\x12\x34" + bytes(2) + b"\x2e\xe0" + bytes(13) + b"\x55" * (417 - 23)
    damage = damage_of(tmp_path / "c", frame * 30 + full + later + frame * 30)
    assert damage is not None
    assert damage.at_s == pytest.approx(31 * 1152 / 44_100)


def test_other_frames_give_their_length(lame: bytes) -> None:
    assert free_frame_bytes(lame[lame.index(b"\xff\xfb") :]) == 0
    assert free_frame_bytes(b"") == 0


@pytest.mark.parametrize("content", [b"", b"\xff", b"\xff\xfb"])
def test_a_file_that_ends_within_its_first_header_has_no_frames(content: bytes) -> None:
    assert free_frame_bytes(content) == 0
