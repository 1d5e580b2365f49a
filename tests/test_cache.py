"""The store returns what was written under a key, and nothing from a damaged file."""

from pathlib import Path

import numpy as np
import pytest

from fpbench import FpbenchError
from fpbench.cache import (
    Store,
    is_intact,
    read_sealed,
    seal,
    user_cache_folder,
    write_sealed,
)


def test_reads_what_was_written(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    assert store.read("things", "abcd") is None
    store.write("things", "abcd", {"x": np.arange(3), "why": np.array("")})
    arrays = Store.open(tmp_path).read("things", "abcd")
    assert arrays is not None
    assert arrays["x"].tolist() == [0, 1, 2]
    assert str(arrays["why"]) == ""


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_detects_damage(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    store = Store.open(tmp_path)
    store.write("things", "abcd", {"x": np.arange(1000)})
    path = store.path("things", "abcd", ".npz")
    content = bytearray(path.read_bytes())
    content[500] ^= 1
    path.write_bytes({"cut": content[:700], "flip": content, "empty": b""}[damage])
    assert store.read("things", "abcd") is None
    assert f"cache file {path} is damaged" in caplog.text


def test_equal_arrays_give_equal_bytes(tmp_path: Path) -> None:
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


def test_names_a_cache_that_lies_inside_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = Store.open(tmp_path / "file" / "cache")
    with pytest.raises(FpbenchError, match=r"cannot read the cache .*: Not a directory"):
        store.read("sets", "0" * 32)


def test_no_entry_passes_for_another(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(tmp_path)
    addresses = [("things", "abcd"), ("things", "abef"), ("others", "abcd")]
    for number, (kind, key) in enumerate(addresses):
        store.write(kind, key, {"x": np.array([number])})
    contents = [store.path(kind, key, ".npz").read_bytes() for kind, key in addresses]
    for (kind, key), content in zip(addresses, [*contents[1:], contents[0]], strict=True):
        store.path(kind, key, ".npz").write_bytes(content)
        assert store.read(kind, key) is None
    assert caplog.text.count("is damaged and will be made again") == 3


def test_a_seal_tells_whether_a_file_is_as_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    assert not is_intact(path, "key")
    assert caplog.text == ""
    for each in (path, other):
        each.write_bytes(each.name.encode())
        seal(each, each.name)
    assert is_intact(path, "file")
    assert not is_intact(path, "other")
    path.write_bytes(other.read_bytes())  # with its own seal
    assert not is_intact(path, "file")
    assert f"cache file {path} is damaged or incomplete" in caplog.text


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_sealed_content_comes_back_or_nothing(tmp_path: Path, damage: bytes | None) -> None:
    path = tmp_path / "file"
    assert read_sealed(path, "key") is None
    write_sealed(path, "key", b"content")
    assert read_sealed(path, "key") == b"content"
    assert read_sealed(path, "another") is None
    path.write_bytes(path.read_bytes()[:-1] + b"x" if damage is None else damage)
    assert read_sealed(path, "key") is None


def test_a_store_without_earlier_files_has_only_its_own(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write("things", "abcd", {"x": np.zeros(1)})
    fresh = store.without_earlier()
    assert fresh.read("things", "abcd") is None
    fresh.write("things", "abcd", {"x": np.ones(1)})
    for each in (fresh, store):
        arrays = each.read("things", "abcd")
        assert arrays is not None
        assert arrays["x"] == [1]


def test_a_tilde_in_the_variable_is_the_home_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FPBENCH_CACHE", "~/fpbench")
    assert Store.open().root == tmp_path / "fpbench"


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine on which no cache folder of the user can be made; its temporary folder."""
    monkeypatch.delenv("FPBENCH_CACHE", raising=False)
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_user_without_a_home_folder_has_a_temporary_cache(
    homeless: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = user_cache_folder()
    assert folder.parent == homeless
    assert folder.stat().st_mode & 0o777 == 0o700
    assert f"the cache is {folder}, which may not last" in caplog.text
    assert "FPBENCH_CACHE" in caplog.text
    assert Store.open().root == folder  # again, as it exists


def test_a_temporary_cache_of_someone_else_is_not_used(homeless: Path) -> None:
    folder = user_cache_folder()
    folder.rmdir()
    (homeless / "elsewhere").mkdir()
    folder.symlink_to(homeless / "elsewhere")
    with pytest.raises(FpbenchError, match="belongs to someone else"):
        user_cache_folder()


def test_without_any_folder_the_user_is_asked_for_one(
    homeless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with pytest.raises(FpbenchError, match="no temporary folder") as refused:
        user_cache_folder()
    assert refused.value.hint == "name a folder for the cache with --cache or $FPBENCH_CACHE"


def test_a_cache_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    Store.open(tmp_path / "new").refuse_unwritable()
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(FpbenchError, match=r"the cache .*file cannot be written") as refused:
        Store.open(tmp_path / "file").refuse_unwritable()
    assert refused.value.hint == "choose another folder with --cache or $FPBENCH_CACHE"
