"""The store returns what was written under a key, and nothing from a damaged file."""

from pathlib import Path

import numpy as np
import pytest

from fpbench import FpbenchError
from fpbench.cache import Store


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
    with pytest.raises(FpbenchError, match=r"cannot read the cache .*cache: Not a directory"):
        store.read("sets", "0" * 32)
