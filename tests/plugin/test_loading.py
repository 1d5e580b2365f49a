"""A plugin is a module, a file or a package, and can import files beside it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.plugin.loading import import_source
from fpbench.plugin.source import source_sha256


@pytest.fixture(autouse=True)
def unload_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Unload modules that a test imports."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name, module in list(sys.modules.items()):
        if str(tmp_path) in (getattr(module, "__file__", None) or ""):
            del sys.modules[name]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_file_is_a_plugin(tmp_path: Path) -> None:
    path = write(tmp_path / "mymodel.py", "NAME = 'mine'")
    source = import_source(str(path))
    assert source.module.NAME == "mine"
    assert (source.distribution, source.version) == (str(path), "-")


def test_a_module_in_the_working_directory_is_a_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "mymodel.py", "NAME = 'mine'")
    monkeypatch.chdir(tmp_path)
    assert import_source("mymodel").module.NAME == "mine"


def test_a_file_hides_no_installed_module(tmp_path: Path) -> None:
    import_source(str(write(tmp_path / "json.py", "NAME = 'mine'")))
    import json

    assert json.loads("1") == 1


def test_a_package_keeps_its_name_so_that_its_files_import_each_other(tmp_path: Path) -> None:
    write(tmp_path / "loaded_package" / "numbers.py", "ONE = 1")
    path = write(
        tmp_path / "loaded_package" / "__init__.py", "from loaded_package.numbers import ONE"
    )
    assert import_source(str(path)).module.ONE == 1


@pytest.mark.parametrize("plugin", ["mymodel.py", "mymodel/__init__.py"])
def test_a_plugin_can_import_files_beside_it_and_they_change_its_hash(
    tmp_path: Path, plugin: str
) -> None:
    folder = tmp_path / "models"
    write(folder / plugin, "from beside_the_model import NAME")
    (tmp_path / "link").symlink_to(write(folder / "beside_the_model.py", "").parent)
    hashes = set()
    for text in ("NAME = 'one'", "NAME = 'two'"):
        write(folder / "beside_the_model.py", text)
        source = import_source(str(tmp_path / "link" / plugin))
        assert source.module.NAME in text  # imported anew, so the hash is that of what runs
        hashes.add(source_sha256(source.module))
    assert len(hashes) == 2


def test_a_package_that_changed_is_imported_anew_with_its_files(tmp_path: Path) -> None:
    path = write(tmp_path / "edited_package" / "__init__.py", "from edited_package.net import ONE")
    for one in (1, 20):
        write(tmp_path / "edited_package" / "net.py", f"ONE = {one}")
        assert one == import_source(str(path)).module.ONE


def test_files_beside_a_plugin_hide_no_module(tmp_path: Path) -> None:
    sys.modules.pop("colorsys", None)
    write(tmp_path / "colorsys.py", "raise RuntimeError('not the module of the standard library')")
    path = write(tmp_path / "mymodel.py", "from colorsys import rgb_to_hsv")
    assert import_source(str(path)).module.rgb_to_hsv(0, 0, 0) == (0, 0, 0)


def test_an_unknown_module_gets_a_hint() -> None:
    with pytest.raises(FpbenchError, match="no plugin is called 'nowhere_at_all'") as err:
        import_source("nowhere_at_all")
    assert "nowhere_at_all.py" in (err.value.hint or "")


def test_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match=r"no plugin file '.*none\.py'"):
        import_source(str(tmp_path / "none.py"))


def test_refuses_a_file_that_is_not_python(tmp_path: Path) -> None:
    path = write(tmp_path / "model.txt", "NAME = 'mine'")
    with pytest.raises(FpbenchError, match=r"model\.txt' is not a Python file"):
        import_source(str(path))


def test_names_a_plugin_whose_import_fails(tmp_path: Path) -> None:
    path = write(tmp_path / "broken.py", "1 / 0")
    with pytest.raises(FpbenchError, match=r"broken\.py' failed while importing it: ZeroDivision"):
        import_source(str(path))
