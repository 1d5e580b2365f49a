"""A plugin's hash follows what decides its answers, and nothing else."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from fpbench.identity import source_sha256


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
        del sys.modules[name]


def digest() -> str:
    source_sha256.cache_clear()
    module: ModuleType = importlib.import_module("hashed_plugin")
    return source_sha256(module)


@pytest.mark.parametrize("name", ["numbers.py", "weights/small.safetensors", "weights/log.json"])
def test_code_and_weights_change_it(package: Path, name: str) -> None:
    before = digest()
    (package / name).write_text("TWO = 2\n")
    assert digest() != before


@pytest.mark.parametrize(
    "name",
    ["README.md", "weights/curves.png", "__pycache__/numbers.pyc", "recipes/small.toml"],
)
def test_what_decides_nothing_does_not(package: Path, name: str) -> None:
    before = digest()
    (package / name).parent.mkdir(exist_ok=True)
    (package / name).write_text("for people")
    assert digest() == before
