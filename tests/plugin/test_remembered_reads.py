"""A part has the same key however often it is loaded in one process."""

import importlib
import linecache
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fpbench import Settings
from fpbench.plugin.loading import import_source
from fpbench.plugin.reads import record_reads
from fpbench.plugin.remembered_reads import PartReads, remember_import, settings_text

LATE = "from pathlib import Path; K = Path(__file__).with_suffix('.txt').read_text()"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, outside of all plugins, with a module that reads a file."""
    (tmp_path / "late_part.py").write_text(LATE)
    (tmp_path / "late_part.txt").write_text("1")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(tmp_path) in (getattr(module, "__file__", None) or ""):
            del sys.modules[name]


def read_with(part: PartReads, *opened: Path) -> set[str]:
    with part.record():
        importlib.import_module("late_" + "part")
        for file in opened:
            file.read_bytes()
    return {file.name for file in part.reads}


def test_what_an_import_reads_counts_again_whatever_the_settings(folder: Path) -> None:
    plugin, own = type(sys)("plugin"), folder / "own.bin"
    own.touch()
    imported = {"late_part.py", "late_part.txt"}
    assert read_with(PartReads(plugin, "index a", "1"), own) == {*imported, "own.bin"}
    assert read_with(PartReads(plugin, "index a", "1")) == {*imported, "own.bin"}  # it may keep it
    assert read_with(PartReads(plugin, "index a", "2")) == imported
    assert read_with(PartReads(plugin, "index b", "1")) == set()
    assert read_with(PartReads(type(sys)("other"), "index a", "1")) == set()


def test_a_file_that_was_changed_and_read_again_has_its_new_hash(folder: Path) -> None:
    plugin, own = type(sys)("plugin"), folder / "own.bin"
    hashes = []
    for content in (b"1", b"2"):
        own.write_bytes(content)
        part = PartReads(plugin, "index a", "")
        read_with(part, own)
        hashes.append(part.reads[own.resolve()])
    assert hashes[0] != hashes[1]


def test_a_plugin_that_was_imported_before_has_read_what_it_read_then(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "early.py").write_text("import importlib; importlib.import_module('late_' + 'part')")
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)  # so that it is imported by its name
    first, second = (import_source("early").reads for _ in range(2))
    assert first == second
    assert {"late_part.py", "late_part.txt"} <= {file.name for file in first}
    assert remember_import(type(sys)("new"), {}) == {}


def test_lines_of_code_that_a_library_shows_are_no_input(folder: Path) -> None:
    shown = folder / "shown.py"
    shown.write_text("x = 1\n")
    reads: dict[Path, str] = {}
    with record_reads(reads):
        assert linecache.getline(str(shown), 1) == "x = 1\n"
    assert reads == {}
    with record_reads(reads):
        shown.read_text()
    assert set(reads) == {shown.resolve()}


def test_settings_differ_in_all_that_may_decide_what_is_read() -> None:
    texts = [
        settings_text(settings)
        for settings in (
            Settings(),
            Settings(options={"a": "1"}),
            Settings(argument="x"),
            Settings(weights=Path("w")),
            Settings(channel="left"),
        )
    ]
    assert len(set(texts)) == len(texts)
    assert settings_text(Settings(options={"a": "1", "b": "2"})) == settings_text(
        Settings(options={"b": "2", "a": "1"})
    )
