"""A file appears whole under its name or not at all."""

import os
import stat
import time
from pathlib import Path

import numpy as np
import pytest

from fpbench import FpbenchError
from fpbench.cache import Store
from fpbench.files import atomic_file, atomic_path, make_folder


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), atomic_file(path) as file:
        file.write(b"half" * (1 // 0))
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["file"]


def test_only_old_leftovers_of_the_same_file_are_swept(tmp_path: Path) -> None:
    for name in (".f.1-a.tmp", ".f.2-b.tmp", ".g.1-a.tmp"):
        (tmp_path / name).touch()
    long_ago = time.time() - 2 * 3600
    for name in (".f.1-a.tmp", ".g.1-a.tmp"):
        os.utime(tmp_path / name, (long_ago, long_ago))
    with atomic_file(tmp_path / "f") as file:
        file.write(b"x")
    assert names_in(tmp_path) == [".f.2-b.tmp", ".g.1-a.tmp", "f"]


def test_leftovers_of_a_file_within_a_file_are_swept(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "f", ".npz") as outer, atomic_path(outer) as inner:
        for path in (outer, inner):
            path.write_bytes(b"x")
            (tmp_path / path.name.replace(str(os.getpid()), "1")).touch()
    for path in tmp_path.glob(".*"):
        os.utime(path, (0, 0))
    assert len(names_in(tmp_path)) == 3
    with atomic_path(tmp_path / "f") as path:
        path.write_bytes(b"y")
    assert names_in(tmp_path) == ["f"]


def test_what_is_durable_is_synced_before_its_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []

    def sync(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        synced.append((kind, (tmp_path / "f").exists()))

    monkeypatch.setattr("fpbench.files.os.fsync", sync)
    with atomic_path(tmp_path / "f") as path:
        path.write_bytes(b"x")
    assert synced == [("file", False), ("folder", True)]


def test_folders_are_made_with_those_above(tmp_path: Path) -> None:
    for _ in range(2):
        assert make_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b").is_dir()


def test_a_file_where_a_folder_must_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for blocked in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(FpbenchError, match=f"cannot make folder {blocked}"):
            make_folder(blocked)
    with pytest.raises(FpbenchError, match="cannot make folder"):
        Store.open(tmp_path / "file").write("things", "abcd", {"x": np.arange(3)})


def test_says_what_cannot_be_written(tmp_path: Path) -> None:
    with (
        pytest.raises(FpbenchError, match=r"cannot write .*no.file"),
        atomic_file(tmp_path / "no" / "file"),
    ):
        pass
