"""Finds the audio files below a folder and names what may be music but is left out."""

import os
from pathlib import Path

import pytest

from fpbench.audio.folders import audio_below

OGG = b"OggS\0\2"
BINARY = b"MThd\0\0\0\6"


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_warns_of_all_that_may_be_music_but_is_not_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "album").mkdir()
    for name in ("a.wav", "album/tune.mid", "b.xyz", "c", "d.mp3.part", "._d.m4a"):
        (tmp_path / name).write_bytes(BINARY)
    for name in ("gone.flac", "music", "notes.txt"):
        (tmp_path / name).symlink_to(tmp_path / "nowhere")
    assert audio_below(tmp_path) == [tmp_path / "a.wav"]
    assert warnings(caplog) == [
        f"left out 2 broken links below {tmp_path}: gone.flac, music",
        f"left out 3 files that are not recognised as audio below {tmp_path}: album/tune.mid, "
        "b.xyz, c",
        f"left out 1 unfinished downloads below {tmp_path}: d.mp3.part",
    ]


def test_names_the_first_of_many(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(7):
        (tmp_path / f"{number}.mid").write_bytes(BINARY)
    assert audio_below(tmp_path) == []
    (warning,) = warnings(caplog)
    assert warning.endswith(": 0.mid, 1.mid, 2.mid, 3.mid, 4.mid and 2 more")


def test_does_not_warn_of_what_is_no_music(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a.wav", "a.jpg", "a.npy"):
        (tmp_path / name).write_bytes(BINARY)
    for name in ("a.csv", "LICENSE", "README.first"):
        (tmp_path / name).write_text("Grüße")
    (tmp_path / "empty").touch()
    (tmp_path / "b.wav").symlink_to(tmp_path / "a.wav")
    assert len(audio_below(tmp_path)) == 2
    assert caplog.records == []


@pytest.mark.parametrize(
    "suffix",
    [
        *("wave", "bwf", "w64", "aif", "aifc", "au", "caf", "mpga", "mp2", "m4a", "m4b", "aac"),
        *("alac", "opus", "oga", "spx", "webm", "mp4", "mka", "mkv", "wma", "ac3", "eac3", "dts"),
        *("amr", "ape", "wv", "tta", "mpc", "MP3"),
    ],
)
def test_finds_audio_by_its_suffix(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, suffix: str
) -> None:
    (tmp_path / f"a.{suffix}").write_bytes(BINARY)
    assert audio_below(tmp_path) == [tmp_path / f"a.{suffix}"]
    assert caplog.records == []


def test_finds_audio_without_a_suffix_by_its_contents(tmp_path: Path) -> None:
    for name in ("02 A tune", "a.copy", "a.ogg.1"):
        (tmp_path / name).write_bytes(OGG)
    assert [path.name for path in audio_below(tmp_path)] == ["02 A tune", "a.copy", "a.ogg.1"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with a name")
def test_does_not_wait_for_a_pipe(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a.wav", "b"):
        os.mkfifo(tmp_path / name)
    assert audio_below(tmp_path) == []
    assert warnings(caplog) == [f"left out 2 pipes, devices or sockets below {tmp_path}: a.wav, b"]
