"""A chained Ogg file is decoded link by link, each with headers of its own."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from damaged_files import RATE, music

from fpbench import FpbenchError
from fpbench.audio.ogg_links import Link, LinkFile, ogg_links
from fpbench.audio.reading import durations_s, read_audio
from fpbench.plugin.datasets import Track


def vorbis(path: Path, seconds: float, seed: int, quality: float) -> bytes:
    soundfile.write(path, music(seconds, seed), RATE, compression_level=quality)
    return path.read_bytes()


def test_links_are_read_as_if_they_were_files(tmp_path: Path) -> None:
    # Of another quality, and so with other codebooks.
    parts = [
        vorbis(tmp_path / f"{n}.ogg", 1.5 + n, n, quality) for n, quality in ((0, 0.9), (1, 0.1))
    ]
    path = tmp_path / "chained.ogg"
    path.write_bytes(b"".join(parts))
    alone = [read_audio(tmp_path / f"{n}.ogg", RATE) for n in (0, 1)]
    np.testing.assert_array_equal(read_audio(path, RATE), np.concatenate(alone))
    assert durations_s([Track(name="chained", path=path)]) == [4.0]


def test_links_of_another_rate_are_refused_by_that(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.opus", music(1), 48_000, format="OGG", subtype="OPUS")
    path = tmp_path / "chained.ogg"
    path.write_bytes(vorbis(tmp_path / "a.ogg", 1.5, 0, 0.5) + (tmp_path / "a.opus").read_bytes())
    with pytest.raises(FpbenchError, match=r"rate changes from 44100 to 48000 Hz, from 1\.5 s on"):
        read_audio(path, RATE)


def test_a_link_has_a_start_an_end_and_streams(tmp_path: Path) -> None:
    content = vorbis(tmp_path / "a.ogg", 1, 0, 0.5)
    (tmp_path / "b.ogg").write_bytes(content + content + b"TAG")
    with (tmp_path / "b.ogg").open("rb") as file:
        first, second = ogg_links(file)
    assert (first.start, first.end) == (0, len(content))
    assert (second.start, second.end) == (len(content), 2 * len(content))
    assert [packet[:7] for packet in second.streams] == [b"\x01vorbis"]


@pytest.mark.parametrize("content", [b"", b"OggS", b"RIFF" + bytes(99)])
def test_other_files_have_no_links(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with (tmp_path / "a").open("rb") as file:
        assert ogg_links(file) == []


def test_a_link_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    with (tmp_path / "a").open("rb") as file:
        link = LinkFile(file, Link(2, 7, ()))
        assert link.read() == b"23456"
        assert link.seek(-2, os.SEEK_END) == 3
        assert link.read(9) == b"56"
        assert link.seek(1) == link.tell() == 1
        assert link.seek(1, os.SEEK_CUR) == 2
        assert link.read(2) == b"45"
