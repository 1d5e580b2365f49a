"""Audio below a folder is found, and what is left out is said once."""

from pathlib import Path

import pytest

from fpbench.audio.folders import audio_below


def test_a_folder_says_once_what_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "album").mkdir()
    for name in ("a.wav", "album/b.M4A", "c.wma", "._d.m4a", "list.csv", "cover.jpg", "LICENSE"):
        (tmp_path / name).touch()
    for name in ("gone.flac", "music", "notes.txt"):
        (tmp_path / name).symlink_to(tmp_path / "nowhere")
    assert audio_below(tmp_path) == [tmp_path / "a.wav"]
    assert [record.getMessage() for record in caplog.records] == [
        f"left out 2 audio files below {tmp_path} of kinds that are not read, the first, "
        "album/b.M4A; convert them to flac",
        f"left out 2 links below {tmp_path} that lead nowhere, the first, gone.flac",
    ]


def test_a_folder_without_such_files_says_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a.wav", "a.txt", "a.csv", "a.jpg", "LICENSE"):
        (tmp_path / name).touch()
    (tmp_path / "b.wav").symlink_to(tmp_path / "a.wav")
    assert len(audio_below(tmp_path)) == 2
    assert caplog.records == []
