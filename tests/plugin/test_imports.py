"""What runs is what is hashed: code outside installed packages is compiled from its source."""

import importlib
import os
import py_compile
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fpbench.plugin.imports import code_of, import_from_source, is_installed


@pytest.fixture(autouse=True)
def forget_finder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in [name for name in sys.modules if name.startswith("edited_module")]:
        del sys.modules[name]


def write_with_stale_bytecode(folder: Path) -> Path:
    """A file that was edited within a second after it was compiled, to another text as long."""
    folder.mkdir(exist_ok=True)
    file = folder / "edited_module.py"
    file.write_text("NAME = 'old'")
    py_compile.compile(str(file))
    times = file.stat()
    file.write_text("NAME = 'new'")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    sys.path.insert(0, str(folder))
    return file


def test_a_stale_compiled_file_is_not_read(tmp_path: Path) -> None:
    file = write_with_stale_bytecode(tmp_path)
    import_from_source()
    assert importlib.import_module("edited_module").NAME == "new"
    file.write_text("NAME = 'newer'")
    assert code_of(file) == b"NAME = 'new'"  # what runs


@pytest.mark.slow
def test_no_compiled_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "edited_module_2.py").write_text("NAME = 'new'")
    code = "from fpbench.plugin.imports import *; import_from_source(); import edited_module_2"
    environment = {
        **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
        "PYTHONPYCACHEPREFIX": str(tmp_path / "compiled"),
    }
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert not list(tmp_path.rglob("edited_module_2*.pyc"))


def test_installed_packages_are_imported_as_ever(tmp_path: Path) -> None:
    (tmp_path / "some-1.0.dist-info").mkdir()
    file = write_with_stale_bytecode(tmp_path)
    import_from_source()
    assert importlib.import_module("edited_module").NAME == "old"
    file.write_text("NAME = 'newer'")
    assert code_of(file) == b"NAME = 'newer'"


def test_the_standard_library_and_wheels_are_installed(tmp_path: Path) -> None:
    assert is_installed(Path(os.__file__))
    assert is_installed(Path(pytest.__file__))
    assert not is_installed(tmp_path / "mymodel.py")


def test_asked_twice_it_adds_one_finder() -> None:
    import_from_source()
    finders = len(sys.meta_path)
    import_from_source()
    assert len(sys.meta_path) == finders
