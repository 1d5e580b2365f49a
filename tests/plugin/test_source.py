"""The hash of a plugin changes with its code and weights, and with nothing else."""

import importlib
import sys
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType

import pytest

from fpbench.plugin.imports import forget_module, import_from_source
from fpbench.plugin.source import code_identity, source_sha256


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "hashed_plugin"
    (folder / "weights").mkdir(parents=True)
    (folder / "__init__.py").write_text("from hashed_plugin import numbers\n")
    (folder / "numbers.py").write_text("ONE = 1\n")
    (folder / "weights" / "small.safetensors").write_bytes(b"weights")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.startswith("hashed_plugin")]:
        forget_module(name)


def digest(name: str = "hashed_plugin") -> str:
    """The hash that a new process gets."""
    for imported in list(sys.modules):
        if imported.partition(".")[0] == "net" or imported.startswith("hashed_plugin"):
            forget_module(imported)
    module: ModuleType = importlib.import_module(name)
    return source_sha256(module)


@pytest.mark.parametrize("name", ["numbers.py", "weights/small.safetensors", "weights/log.json"])
def test_code_and_weights_change_the_hash(package: Path, name: str) -> None:
    before = digest()
    (package / name).write_text("TWO = 2\n")
    assert digest() != before


def test_weights_are_read_again_in_the_same_process_but_code_is_not(package: Path) -> None:
    import_from_source()
    module = importlib.import_module("hashed_plugin")
    before = source_sha256(module)
    (package / "numbers.py").write_text("TWO = 2\n")
    assert source_sha256(module) == before  # what runs is still what was imported
    (package / "weights" / "small.safetensors").write_bytes(b"other")
    assert source_sha256(module) != before


def test_a_compiled_file_beside_a_plugin_is_hashed_but_not_read_as_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    compiled = tmp_path / f"compiled_net{EXTENSION_SUFFIXES[0]}"
    compiled.write_bytes(b"\0one")
    (tmp_path / "hashed_plugin_compiled.py").write_text("def f():\n    import compiled_net\n")
    monkeypatch.delitem(sys.modules, "hashed_plugin_compiled", raising=False)
    before = digest("hashed_plugin_compiled")
    compiled.write_bytes(b"\0two")
    assert digest("hashed_plugin_compiled") != before


@pytest.mark.parametrize(
    "name",
    ["README.md", "weights/curves.png", "__pycache__/numbers.pyc", "recipes/small.toml"],
)
def test_documentation_and_recipes_do_not_change_the_hash(package: Path, name: str) -> None:
    before = digest()
    (package / name).parent.mkdir(exist_ok=True)
    (package / name).write_text("documentation")
    assert digest() == before


@pytest.mark.parametrize("neighbour", ["net.py", "net/__init__.py"])
def test_an_imported_file_beside_a_plugin_file_changes_the_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, neighbour: str
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "hashed_plugin_alone.py").write_text("import json\nfrom net import K\n")
    (tmp_path / "other.py").write_text("K = 1\n")
    (tmp_path / neighbour).parent.mkdir(exist_ok=True)
    (tmp_path / neighbour).write_text("K = 1\n")
    monkeypatch.delitem(sys.modules, "net", raising=False)
    monkeypatch.delitem(sys.modules, "hashed_plugin_alone", raising=False)
    before = digest("hashed_plugin_alone")
    (tmp_path / "other.py").write_text("K = 2\n")
    assert digest("hashed_plugin_alone") == before
    (tmp_path / neighbour).write_text("K = 2\n")
    assert digest("hashed_plugin_alone") != before


@pytest.mark.parametrize("plugin", ["part.py", "part/__init__.py"])
@pytest.mark.parametrize(
    "line",
    [
        "import hashed_plugin.shared.model",
        "from hashed_plugin.shared.model import K",
        "from hashed_plugin.shared import model",
        "from hashed_plugin.shared import through",
        "from {dots}shared.model import K",
        "from {dots}shared import model",
    ],
)
def test_an_imported_file_of_the_top_package_changes_the_hash(
    package: Path, plugin: str, line: str
) -> None:
    (package / "shared").mkdir()
    (package / "shared" / "__init__.py").touch()
    (package / "shared" / "model.py").write_text("K = 1\n")
    (package / "shared" / "through.py").write_text("from .model import K\n")
    (package / plugin).parent.mkdir(exist_ok=True)
    (package / plugin).write_text(line.format(dots="." if plugin == "part.py" else ".."))
    before = digest("hashed_plugin.part")
    (package / "shared" / "model.py").write_text("K = 2\n")
    assert digest("hashed_plugin.part") != before


def test_files_beside_an_installed_package_do_not_count(package: Path) -> None:
    (package.parent / "hashed_neighbour.py").write_text("K = 1\n")
    (package / "numbers.py").write_text("import hashed_neighbour\n")
    (package.parent / "hashed_plugin-1.0.dist-info").mkdir()
    before = digest()
    (package.parent / "hashed_neighbour.py").write_text("K = 2\n")
    assert digest() == before


def test_following_imports_runs_no_code_of_them(package: Path) -> None:
    (package / "part.py").write_text(
        "def later():\n"
        "    from hashed_plugin.broken import anything\n"
        "    from hashed_plugin.nowhere.at_all import anything\n"
        "    from ...outside import anything\n"
    )
    (package / "broken.py").write_text("1 / 0\n")
    before = digest("hashed_plugin.part")
    (package / "broken.py").write_text("2 / 0\n")
    assert digest("hashed_plugin.part") != before


def test_comments_and_docstrings_change_the_hash_of_the_files_but_make_nothing_again(
    package: Path,
) -> None:
    def keys() -> tuple[str, dict[str, str]]:
        published = digest()
        return published, code_identity(sys.modules["hashed_plugin"], {})

    (package / "numbers.py").write_text("def one():\n    return 1\n")
    published, before = keys()
    (package / "numbers.py").write_text('def one():\n    """One."""\n    return 1  # the first\n')
    assert keys()[0] != published
    assert keys()[1] == before
    (package / "numbers.py").write_text("def one():\n    return 2\n")
    assert keys()[1] != before


def test_an_editable_install_and_a_module_on_the_path_change_the_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("plugin", "elsewhere"):
        (tmp_path / folder).mkdir()
        monkeypatch.syspath_prepend(tmp_path / folder)
    (tmp_path / "plugin" / "hashed_plugin_alone.py").write_text("import net.layers\n")
    (tmp_path / "elsewhere" / "net").mkdir()
    (tmp_path / "elsewhere" / "net" / "__init__.py").write_text("K = 1\n")
    (tmp_path / "elsewhere" / "net" / "layers.py").write_text("K = 1\n")
    hashes = [digest("hashed_plugin_alone")]
    for name in ("__init__", "layers"):
        (tmp_path / "elsewhere" / "net" / f"{name}.py").write_text("K = 2\n")
        hashes.append(digest("hashed_plugin_alone"))
    assert len(set(hashes)) == 3
