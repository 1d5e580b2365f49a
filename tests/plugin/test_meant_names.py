"""A path in place of a name means a plugin, or the argument of an entry that takes such paths."""

from pathlib import Path

import pytest

from fpbench import Entry
from fpbench.plugin.meant_names import names_with_path, plugin_names


def test_a_python_file_and_a_module_of_this_folder_mean_plugins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine_of_a_test.py").touch()
    assert plugin_names("mine_of_a_test.py") == ["plugin:mine_of_a_test.py"]
    assert plugin_names("mine_of_a_test") == ["plugin:mine_of_a_test"]
    assert plugin_names("other_of_a_test.py") == []


def test_entries_that_a_path_fits_are_named_with_it(tmp_path: Path) -> None:
    def create(_settings: object) -> None:
        """Nothing is created."""

    folders = Entry(name="folder", summary="a", create=create, fits=Path.is_dir)
    files = Entry(name="file", summary="b", create=create, fits=Path.is_file)
    nothing = Entry(name="none", summary="c", create=create)
    assert names_with_path(str(tmp_path), [folders, files, nothing]) == [f"folder:{tmp_path}"]
    assert names_with_path(str(tmp_path / "missing"), [folders]) == []
