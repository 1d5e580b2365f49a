"""Files for others name no folders of the user's machine, in whatever text they might."""

from pathlib import Path

import pytest

from fpbench import folder_names
from fpbench.folder_names import (
    Recorded,
    change_texts,
    find_path,
    is_path,
    record_command,
    record_setting,
    without_folders,
)
from fpbench.results.data import Skipped

PRIVATE = [
    ("folder:/home/ann/My Music", "folder:My Music"),
    ("manifest:/data/x/list.csv", "manifest:list.csv"),
    ("plugin:/home/ann/x/mymodel.py", "plugin:mymodel.py"),
    ("folder:/mnt/disk/music/", "folder:music"),
    ("C:\\Users\\ann\\x.wav", "x.wav"),
    ("folder:D:/Music/mine", "folder:mine"),
    ("folder:\\\\server\\share\\music", "folder:music"),
    ("~/x/y", "y"),
    ("--out=/x/y/z.json", "--out=z.json"),
    ("codebook=~bob/a/b.npy", "codebook=b.npy"),
    ("folder:~", "folder:."),
    ("folder:/", "folder:."),
]

HARMLESS = [
    "folder:music",
    "folder:../shared/data",
    "demo",
    "https://github.com/a/b",
    "faiss:IVF1024,PQ64x4fs",
    "about ~5 s, 1/2 and/or km/h",
    "HR@1 / HR@10",
    "",
]

MESSAGES = [
    ("cannot read '/home/ann/My Music/a b.wav': bad header", "cannot read 'a b.wav': bad header"),
    ("/home/ann/My Music/x y.wav: too short", "x y.wav: too short"),
    ("No such file: file:///home/ann/x", "No such file: x"),
    ("it reads (/opt/data/a.npy), /opt/data/b.npy", "it reads (a.npy), b.npy"),
    ("C:\\Users\\ann\\x.wav is no audio", "x.wav is no audio"),
    ("see https://host/a/b for /usr/share/x", "see https://host/a/b for x"),
]


@pytest.mark.parametrize(("text", "recorded"), PRIVATE)
def test_a_setting_keeps_the_last_part_of_a_path(text: str, recorded: str) -> None:
    assert record_setting(text) == Recorded(recorded, complete=False)
    assert without_folders(text) == recorded
    assert find_path(text) is not None
    assert find_path(recorded) is None


@pytest.mark.parametrize("text", HARMLESS)
def test_other_settings_stay(text: str) -> None:
    assert record_setting(text) == Recorded(text, complete=True)
    assert without_folders(text) == text
    assert find_path(text) is None


@pytest.mark.parametrize(("text", "shown"), MESSAGES)
def test_paths_in_messages_are_shortened(text: str, shown: str) -> None:
    assert without_folders(text) == shown
    assert find_path(text) is not None
    assert find_path(shown) is None


def test_what_lies_below_the_current_folder_is_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    setting = f"folder:{tmp_path / 'a' / 'b'}"
    assert record_setting(setting) == Recorded("folder:a/b", complete=True)
    monkeypatch.setattr(folder_names, "_users", lambda: frozenset({"a"}))
    assert record_setting(setting) == Recorded("folder:b", complete=False)
    assert record_setting("folder:../a/b") == Recorded("folder:b", complete=False)


def test_what_lies_below_a_known_folder_keeps_its_relative_path() -> None:
    text = "/home/ann/My Music/distractors/x y.wav: too short"
    assert without_folders(text, ["/home/ann/My Music/"]) == "distractors/x y.wav: too short"


@pytest.mark.parametrize(
    ("home", "users"),
    [("/home/ann", {"ann"}), ("/Users/ann", {"ann"}), ("/data", set()), ("/root", set())],
)
def test_a_user_is_known_by_the_home_folder(
    home: str, users: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("LOGNAME", "root")
    folder_names._users.cache_clear()
    assert folder_names._users() == users
    folder_names._users.cache_clear()


def test_only_whole_texts_are_paths() -> None:
    assert is_path("/home/ann/x y.wav")
    assert is_path("~/x")
    assert not is_path("Live /a.wav")
    assert not is_path("reads /x")


def test_a_command_can_still_be_read_by_a_shell() -> None:
    words = ["run", "--dataset", "folder:/home/ann/My Music", "--seed", "1"]
    assert record_command(words) == "fpbench run --dataset 'folder:My Music' --seed 1"


def test_every_text_of_a_document_is_changed() -> None:
    document = {"a": [Skipped(track="t", reason="/x/y")], "b": ("/z/w", 1, None)}
    assert change_texts(document, without_folders) == {
        "a": [Skipped(track="t", reason="y")],
        "b": ("w", 1, None),
    }
