"""What is stored is whole, found again by what it was made from, and mended when damaged."""

import dataclasses
import os
import stat
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpbench import FingerprintSpec, FpbenchError
from fpbench.cache import Store
from fpbench.files import atomic_file, atomic_path, make_folder
from fpbench.hashing import content_key


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, width=32),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
).filter(lambda value: "inf" not in repr(value))


@given(JSON, JSON)
def test_keys_ignore_the_order_of_parts(a: object, b: object) -> None:
    assert content_key(a=a, b=b) == content_key(b=b, a=a)


def test_keys_tell_parts_apart() -> None:
    spec = FingerprintSpec(sample_rate_hz=8_000, segment_s=1.0, dim=128)
    keys = {
        content_key(a=1),
        content_key(a=2),
        content_key(b=1),
        content_key(a="1"),
        content_key(a=[1]),
        content_key(a=spec),
        content_key(a=dataclasses.replace(spec, hop_s=0.1)),
    }
    assert len(keys) == 7
    assert content_key(a=(1, 2)) == content_key(a=[1, 2])


def test_keys_do_not_change_from_release_to_release() -> None:
    assert content_key(a=1, b=["x", None]) == "baa786bb086b4cf2444b630f5d70e472"


@pytest.mark.parametrize("part", [object(), b"bytes", {1, 2}])
def test_keys_refuse_what_json_cannot_hold(part: object) -> None:
    with pytest.raises(TypeError):
        content_key(part=part)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    assert store.read("things", "abcd") is None
    store.write("things", "abcd", {"x": np.arange(3), "why": np.array("")})
    found = Store.open(tmp_path).read("things", "abcd")
    assert found is not None
    assert found["x"].tolist() == [0, 1, 2]
    assert str(found["why"]) == ""


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_damage_is_found(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    store = Store.open(tmp_path)
    store.write("things", "abcd", {"x": np.arange(1000)})
    path = store.path("things", "abcd", ".npz")
    content = bytearray(path.read_bytes())
    content[500] ^= 1
    path.write_bytes({"cut": content[:700], "flip": content, "empty": b""}[damage])
    assert store.read("things", "abcd") is None
    assert "damaged" in caplog.text


def test_equal_contents_are_equal_bytes(tmp_path: Path) -> None:
    for root in (tmp_path / "a", tmp_path / "b"):
        Store.open(root).write("things", "abcd", {"x": np.arange(3)})
    one, other = (
        Store.open(tmp_path / root).path("things", "abcd", ".npz").read_bytes() for root in "ab"
    )
    assert one == other


def test_environment_and_argument_choose_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FPBENCH_CACHE", str(tmp_path / "env"))
    assert Store.open().root == tmp_path / "env"
    assert Store.open(tmp_path).root == tmp_path
    monkeypatch.delenv("FPBENCH_CACHE")
    assert Store.open().root.name == "fpbench"


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

    monkeypatch.setattr("fpbench.cache.os.fsync", sync)
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


def test_a_cache_inside_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = Store.open(tmp_path / "file" / "cache")
    with pytest.raises(FpbenchError, match=r"cannot read the cache .*cache: Not a directory"):
        store.read("sets", "0" * 32)


def test_says_what_cannot_be_written(tmp_path: Path) -> None:
    with (
        pytest.raises(FpbenchError, match=r"cannot write .*no.file"),
        atomic_file(tmp_path / "no" / "file"),
    ):
        pass
