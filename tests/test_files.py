"""A file appears complete under its name or not at all."""

import hashlib
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from fpbench import FpbenchError
from fpbench.cache import Store
from fpbench.files import (
    atomic_file,
    atomic_path,
    make_folder,
    refuse_to_replace,
    refuse_unwritable,
    remove_stale,
    temporary_folder,
    write_arrays,
    write_json,
)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), atomic_file(path) as file:
        file.write(b"half" * (1 // 0))
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["file"]


def temporary_name(path: Path) -> str:
    """The name of a temporary file of this process."""
    with atomic_path(path) as temporary:
        temporary.touch()
    path.unlink()
    return temporary.name


@pytest.fixture
def dead_process() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_removes_leftovers_of_dead_processes_and_no_others(
    tmp_path: Path, dead_process: int
) -> None:
    name = temporary_name(tmp_path / "f")
    mine = f".f.{os.getpid()}-"
    dead = name.replace(mine, f".f.{dead_process}-")
    of_another_file = dead.replace(".f.", ".g.")
    for each in (name, dead, of_another_file):
        (tmp_path / each).touch()
    os.utime(tmp_path / name, (0, 0))  # the clock has jumped
    with atomic_file(tmp_path / "f") as file:
        file.write(b"x")
    assert names_in(tmp_path) == sorted([name, of_another_file, "f"])


def test_removes_leftovers_of_other_machines_after_days(tmp_path: Path) -> None:
    names = [f".f.{os.getpid()}-0123abcd-{number}.tmp" for number in (1, 2)]
    for name in names:
        (tmp_path / name).touch()
    week_ago = time.time() - 8 * 24 * 3600
    os.utime(tmp_path / names[0], (week_ago, week_ago))
    with atomic_file(tmp_path / "f") as file:
        file.write(b"x")
    assert names_in(tmp_path) == [names[1], "f"]


def test_removes_leftovers_of_nested_writes(tmp_path: Path, dead_process: int) -> None:
    with atomic_path(tmp_path / "f", ".npz") as outer, atomic_path(outer) as inner:
        for path in (outer, inner):
            path.write_bytes(b"x")
            (tmp_path / path.name.replace(str(os.getpid()), str(dead_process))).touch()
    assert len(names_in(tmp_path)) == 3
    with atomic_path(tmp_path / "f") as path:
        path.write_bytes(b"y")
    assert names_in(tmp_path) == ["f"]


@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077])
def test_files_have_the_permissions_that_the_umask_gives(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with atomic_file(tmp_path / "a") as file:
            file.write(b"x")
        with atomic_path(tmp_path / "b.safetensors") as path:
            save_file({"x": np.zeros(3)}, path)
    finally:
        os.umask(before)
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_a_durable_file_is_synced_before_its_name_appears(
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


def test_makes_folders_with_their_parents(tmp_path: Path) -> None:
    for _ in range(2):
        assert make_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b").is_dir()


def test_names_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for blocked in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(FpbenchError, match=f"cannot make folder {blocked}"):
            make_folder(blocked)
    with pytest.raises(FpbenchError, match="cannot make folder"):
        Store.open(tmp_path / "file").write("things", "abcd", {"x": np.arange(3)})


def test_names_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with (
        pytest.raises(FpbenchError, match=r"cannot write .*no.file"),
        atomic_file(tmp_path / "no" / "file"),
    ):
        pass


def test_syncs_nothing_unless_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("fpbench.files.os.fsync", synced.append)
    with atomic_file(tmp_path / "f", durable=False) as file:
        file.write(b"x")
    assert synced == []
    assert (tmp_path / "f").read_bytes() == b"x"


def test_equal_documents_give_equal_bytes(tmp_path: Path) -> None:
    write_json(tmp_path / "a", {"b": [1, None], "a": "x"})
    write_json(tmp_path / "b", {"a": "x", "b": (1, None)})
    text = (tmp_path / "a").read_text()
    assert text == (tmp_path / "b").read_text()
    assert text == '{\n  "a": "x",\n  "b": [\n    1,\n    null\n  ]\n}\n'


def test_arrays_have_the_bytes_that_every_python_writes(tmp_path: Path) -> None:
    arrays = {"b": np.arange(3, dtype=np.float32), "a": np.array(["x", "yz"])}
    with atomic_file(tmp_path / "a.npz") as file:
        write_arrays(file, arrays)
    content = (tmp_path / "a.npz").read_bytes()
    assert hashlib.sha256(content).hexdigest() == (
        "c4878396afbe910bf157230f8675f551af2b7948e302d0b3a33a2e72c7accc5f"
    )
    with np.load(tmp_path / "a.npz") as read:
        assert {name: read[name].tolist() for name in read} == {"b": [0, 1, 2], "a": ["x", "yz"]}


def test_a_file_of_the_same_kind_may_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    for text in (None, '{"schema_version": 0}'):
        if text is not None:
            path.write_text(text)
        refuse_to_replace(path, "the result", keys={"schema_version"}, option="--out")


@pytest.mark.parametrize("text", ['{"generator": "flow"}', "[1]", "words", ""])
def test_refuses_to_replace_a_file_of_another_kind(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(FpbenchError, match=r"r\.json would be replaced by the result") as err:
        refuse_to_replace(path, "the result", keys={"schema_version"}, option="--out")
    assert err.value.hint == "choose another --out, or move r.json away"


def test_refuses_to_replace_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="the result, but is another kind of file"):
        refuse_to_replace(tmp_path, "the result", keys={"schema_version"}, option="--out")


def test_removes_stale_files_but_no_folder(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "b.png").mkdir()
    remove_stale(tmp_path / "a.png", tmp_path / "b.png", tmp_path / "none.png")
    assert names_in(tmp_path) == ["b.png"]


def test_a_file_that_can_be_written_is_tried_without_a_trace(tmp_path: Path) -> None:
    refuse_unwritable(tmp_path / "a" / "b" / "new.json", "--out")
    assert not names_in(tmp_path)
    (tmp_path / "old.json").write_text("old")
    refuse_unwritable(tmp_path / "old.json", "--out")
    assert (tmp_path / "old.json").read_text() == "old"
    assert names_in(tmp_path) == ["old.json"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("folder", "cannot write .*folder: it is a folder", id="a folder"),
        pytest.param("file/new.json", "cannot make folder .*file", id="below a file"),
        pytest.param("file/a/new.json", "cannot make folder .*a", id="far below a file"),
        pytest.param("n" * 256, "cannot write .*: File name too long", id="too long"),
        pytest.param("/proc/new.json", "cannot write /proc/new.json", id="not for files"),
        pytest.param("/proc/a/b/new.json", "cannot make folder /proc/a/b", id="not for folders"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(FpbenchError, match=message):
        refuse_unwritable(tmp_path / name, "--out")
    assert names_in(tmp_path) == ["file", "folder"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(FpbenchError, match=r"cannot write .*: Permission denied"):
        refuse_unwritable(tmp_path / "new.json", "--out")


@pytest.mark.parametrize("letter", ["n", "\N{CJK UNIFIED IDEOGRAPH-97F3}"])
def test_the_longest_name_of_a_disk_can_be_written(tmp_path: Path, letter: str) -> None:
    path = tmp_path / (letter * (255 // len(letter.encode())))
    refuse_unwritable(path, "--out")
    with atomic_path(path, ".npz") as outer, atomic_file(outer) as file:
        file.write(b"x")
    assert names_in(tmp_path) == [path.name]


def test_a_machine_without_a_temporary_folder_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with (
        pytest.raises(FpbenchError, match="cannot make a temporary folder") as refused,
        temporary_folder(),
    ):
        pass
    assert refused.value.hint is not None
    assert "TMPDIR" in refused.value.hint
