"""Tags before, between and behind audio frames are stepped over."""

from pathlib import Path

import pytest

from fpbench.audio.audio_tags import audio_end, skip_tags

AUDIO = b"\xff\xfb\x90\x00" * 100

ID3V2 = b"ID3\3\0\0" + bytes([0, 0, 2, 5]) + bytes(2 * 128 + 5)
ID3V2_WITH_FOOTER = (
    b"ID3\4\0\x10" + bytes([0, 0, 0, 9]) + bytes(9) + b"3DI\4\0\x10" + bytes([0, 0, 0, 9])
)
ID3V1 = b"TAG" + b"x" * 125
ID3V1_MORE = b"TAG+" + b"x" * 223
APE_FOOTER = b"APETAGEX" + (2_000).to_bytes(4, "little") + (32 + 9).to_bytes(4, "little")
APE_FOOTER += (1).to_bytes(4, "little") + (1 << 31).to_bytes(4, "little") + bytes(8)
APE = APE_FOOTER[:20] + (0xA0000000).to_bytes(4, "little") + bytes(8) + b"cover art" + APE_FOOTER
LYRICS = b"LYRICSBEGIN" + b"la " * 10 + b"000041LYRICS200"
OLD_LYRICS = b"LYRICSBEGIN" + b"la " * 10 + b"LYRICSEND"

AT_START = [ID3V2, ID3V2_WITH_FOOTER, ID3V1, ID3V1_MORE, APE, LYRICS, OLD_LYRICS]
AT_END = [b"", ID3V1, ID3V1_MORE + ID3V1, APE, LYRICS + ID3V1, OLD_LYRICS + ID3V1]
AT_END += [ID3V2_WITH_FOOTER, APE + ID3V1, APE + APE]


@pytest.mark.parametrize("tag", AT_START)
def test_steps_over_tags(tmp_path: Path, tag: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(tag + ID3V2 + AUDIO)
    with path.open("rb") as file:
        assert skip_tags(file, 0) == len(tag) + len(ID3V2)
        assert skip_tags(file, len(tag + ID3V2)) == len(tag + ID3V2)


@pytest.mark.parametrize("tags", AT_END)
def test_the_audio_ends_before_the_tags(tmp_path: Path, tags: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(AUDIO + tags)
    with path.open("rb") as file:
        assert audio_end(file, len(AUDIO + tags)) == len(AUDIO)


@pytest.mark.parametrize("content", [b"", b"TAG", b"ID3", b"LYRICSEND", ID3V1, APE, APE[9:]])
def test_short_files_end_within_themselves(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    with path.open("rb") as file:
        assert 0 <= audio_end(file, len(content)) <= len(content)
