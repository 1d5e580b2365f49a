"""Finds the audio files below a folder and warns once of files that it leaves out."""

from pathlib import Path

import pytest

from fpbench.audio.folders import audio_below


def test_warns_of_unsupported_files_and_broken_links(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "album").mkdir()
    for name in ("a.wav", "album/b.M4A", "c.wma", "._d.m4a", "list.csv", "cover.jpg", "LICENSE"):
        (tmp_path / name).touch()
    for name in ("gone.flac", "music", "notes.txt"):
        (tmp_path / name).symlink_to(tmp_path / "nowhere")
    assert audio_below(tmp_path) == [tmp_path / "a.wav"]
    assert [record.getMessage() for record in caplog.records] == [
        f"left out 2 audio files in unsupported formats below {tmp_path}, such as album/b.M4A; "
        "convert them to flac",
        f"left out 2 broken links below {tmp_path}, such as gone.flac",
    ]


def test_does_not_warn_of_other_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a.wav", "a.txt", "a.csv", "a.jpg", "LICENSE"):
        (tmp_path / name).touch()
    (tmp_path / "b.wav").symlink_to(tmp_path / "a.wav")
    assert len(audio_below(tmp_path)) == 2
    assert caplog.records == []
