"""`import fpbench` is quick, and every public name is there when it is asked for."""

import ast
import importlib
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import fpbench

HEAVY = ("numpy", "torch", "faiss", "scipy", "matplotlib", "pluggy", "jaxtyping", "click", "tqdm")


def names_for_type_checkers() -> dict[str, str]:
    """By public name, the module that the ``TYPE_CHECKING`` block takes it from."""
    tree = ast.parse(Path(fpbench.__file__).read_bytes())
    return {
        alias.name: str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("fpbench.")
        for alias in node.names
    }


def test_the_package_imports_next_to_nothing() -> None:
    code = f"import sys, fpbench; print([name for name in {HEAVY} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"


def test_type_checkers_and_python_see_the_same_names() -> None:
    assert names_for_type_checkers() == fpbench._MODULES
    assert sorted([*fpbench._MODULES, "__version__"]) == sorted(fpbench.__all__)


@pytest.mark.parametrize("name", fpbench.__all__)
def test_every_name_is_there(name: str) -> None:
    assert name in dir(fpbench)
    if name in fpbench._MODULES:
        module = importlib.import_module(fpbench._MODULES[name])
        assert getattr(fpbench, name) is getattr(module, name)


def test_the_version_is_the_distributions() -> None:
    assert fpbench.__version__ == importlib.metadata.version("fpbench-audio")


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Fingerprintr'"):
        _ = fpbench.Fingerprintr
    with pytest.raises(ImportError, match="cannot import name 'Fingerprintr'"):
        from fpbench import Fingerprintr  # noqa: F401
