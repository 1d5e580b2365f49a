"""The least recently used goes first, and nothing that a running process may use."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from fpbench.cache import Store
from fpbench.cache_contents import (
    CacheEntry,
    choose_entries,
    list_entries,
    remove_entries,
)
from fpbench.cache_users import use_cache

DAY_S = 24 * 3600.0


def key(letter: str) -> str:
    return letter * 32


def write(store: Store, kind: str, letter: str, *, days: float = 0.0, size: int = 1000) -> Path:
    """An entry that was last used some days ago."""
    store.write(kind, key(letter), {"a": np.zeros(size, dtype=np.uint8)})
    path = store.path(kind, key(letter), ".npz")
    age(path, days)
    return path


def age(path: Path, days: float) -> None:
    before = time.time() - days * DAY_S
    os.utime(path, (before, before))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def names(entries: list[CacheEntry]) -> list[tuple[str, str]]:
    return [(entry.kind, entry.files[0].name[0]) for entry in entries]


def test_files_of_one_key_are_one_entry(store: Store) -> None:
    table = write(store, "sets", "a")
    table.with_suffix(".f32").write_bytes(b"1234")
    folder = store.path("fits", key("b"))
    (folder / "inner").mkdir(parents=True)
    (folder / "one").write_bytes(b"12")
    (folder / "inner" / "two").write_bytes(b"345")
    generator = store.path("generators", key("c"), ".safetensors")
    generator.parent.mkdir(parents=True)
    generator.write_bytes(b"1")
    generator.with_name(f".{generator.name}.digest").write_bytes(b"22")
    entries = {entry.kind: entry for entry in list_entries(store.root)}
    assert entries["sets"].size_bytes == table.stat().st_size + 4
    assert entries["fits"].size_bytes == 5
    assert entries["generators"].size_bytes == 3


def test_a_cache_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    assert list_entries(tmp_path / "none") == []


def test_reading_an_entry_is_a_use_and_changes_no_time_of_writing(store: Store) -> None:
    path = write(store, "evidence", "a", days=40)
    write(store, "evidence", "b", days=40)
    written = path.stat().st_mtime_ns
    store.read("evidence", key("a"))
    assert path.stat().st_mtime_ns == written
    assert names(list(choose_entries(store.root, older_than_s=30 * DAY_S).removed)) == [
        ("evidence", "b")
    ]


def test_old_entries_go(store: Store) -> None:
    old, new = write(store, "evidence", "a", days=31), write(store, "evidence", "b", days=29)
    chosen = choose_entries(store.root, older_than_s=30 * DAY_S)
    assert old.exists()  # nothing is removed yet
    remove_entries(store.root, chosen.removed)
    assert not old.parent.exists()
    assert new.exists()
    assert store.root.exists()


def test_the_least_recently_used_go_until_the_rest_is_small(store: Store) -> None:
    for letter, days in (("a", 3), ("b", 1), ("c", 2)):
        write(store, "tracks", letter, days=days, size=10_000)
    chosen = choose_entries(store.root, max_size_bytes=15_000)
    assert names(list(chosen.removed)) == [("tracks", "a"), ("tracks", "c")]
    assert chosen.kept_bytes <= 15_000


def test_what_no_run_makes_again_stays_unless_it_is_named(store: Store) -> None:
    for kind in ("weights", "results", "editions", "queries"):
        write(store, kind, "a", days=100)
    chosen = choose_entries(store.root, older_than_s=DAY_S)
    assert [entry.kind for entry in chosen.removed] == ["queries"]
    chosen = choose_entries(store.root, older_than_s=DAY_S, kinds=("results", "editions"))
    assert [entry.kind for entry in chosen.removed] == ["results"]  # editions never


def test_nothing_goes_that_a_running_process_may_have_used(store: Store) -> None:
    write(store, "evidence", "a", days=2)
    write(store, "evidence", "b")
    with use_cache(store.root):
        assert {entry.kind for entry in list_entries(store.root)} == {"evidence"}
        chosen = choose_entries(store.root, max_size_bytes=0)
        assert names(list(chosen.removed)) == [("evidence", "a")]
        assert names(list(chosen.in_use)) == [("evidence", "b")]
    chosen = choose_entries(store.root, max_size_bytes=0)
    assert len(chosen.removed) == 2


def test_what_is_being_written_stays(store: Store) -> None:
    store.root.mkdir(exist_ok=True)
    new, left = (store.root / f".x.{name}.tmp" for name in "ab")
    new.touch()
    left.touch()
    age(left, days=2)
    remove_entries(store.root, choose_entries(store.root, older_than_s=DAY_S).removed)
    assert new.exists()
    assert not left.exists()


def test_a_link_is_not_followed(store: Store, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "file").touch()
    (store.root / "evidence").symlink_to(outside)
    age(outside / "file", days=100)
    assert list_entries(store.root) == []
