"""A change to any code or file that a plugin reads changes its identity in the cache."""

import importlib.metadata
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from fpbench import Settings
from fpbench.cache import Store
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.reads import record_reads
from fpbench.plugin.source import identity

PLUGIN = """
{imports}
from types import SimpleNamespace
from fpbench import Entry, FingerprintSpec, hookimpl

class Model:
    spec = FingerprintSpec(sample_rate_hz=8_000, segment_s=1.0, dim=2)

    def embed(self, segments):
        {embed}

def create(settings):
    {create}
    return Model()

@hookimpl
def fpbench_fingerprinters():
    return [Entry(name="reader", summary="reads files", create=create)]
"""

READERS = {
    "open": "open('{file}').close()",
    "pathlib": "__import__('pathlib').Path('{file}').read_bytes()",
    "os": "__import__('os').close(__import__('os').open('{file}', 0))",
    "numpy": "__import__('numpy').load('{file}')",
    "numpy, mapped": "__import__('numpy').load('{file}', mmap_mode='r')",
    "numpy, raw": "__import__('numpy').fromfile('{file}', 'u1')",
    "torch": "__import__('torch').load('{file}')",
    "torch, mapped": "__import__('torch').load('{file}', mmap=True)",
    "safetensors": "from safetensors.numpy import load_file; load_file('{file}')",
    "safetensors, opened": "from safetensors import safe_open; safe_open('{file}', 'numpy')",
}


@pytest.fixture(autouse=True)
def restore_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [])  # which take a while
    yield
    for name, module in list(sys.modules.items()):
        if str(tmp_path) in (getattr(module, "__file__", None) or ""):
            del sys.modules[name]


def write_plugin(
    folder: Path, *, imports: str = "", create: str = "pass", embed: str = "return None"
) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "reader.py"
    path.write_text(PLUGIN.format(imports=imports, create=create, embed=embed))
    return path


def identity_of(plugin: Path) -> dict[str, object]:
    """The identity that the plugin's fingerprinter gets in a run of this session."""
    catalog = Catalog.load()
    name = f"plugin:{plugin}"
    fingerprinter = catalog.fingerprinter(name, Settings())
    with catalog.record_first_use(fingerprinter):
        fingerprinter.embed(np.zeros((1, 8_000), np.float32))  # type: ignore[union-attr]
    source = catalog.offer("fingerprinter", name)[0].source
    return identity("reader", source.module, Settings(), catalog.reads(fingerprinter))


@pytest.mark.parametrize(
    "imports",
    [
        pytest.param("import sys; sys.path.insert(0, '{lib}'); import netlib", id="statement"),
        pytest.param(
            "import sys, importlib; sys.path.insert(0, '{lib}'); "
            "importlib.import_module('net' + 'lib')",
            id="dynamic",
        ),
    ],
)
@pytest.mark.slow
def test_a_module_from_anywhere_else(tmp_path: Path, imports: str) -> None:
    lib = tmp_path / "lib"
    (lib / "netlib").mkdir(parents=True)
    (lib / "netlib" / "__init__.py").write_text("from netlib.layers import K\n")
    plugin = write_plugin(tmp_path / "models", imports=imports.format(lib=lib))
    identities = []
    for text in ("K = 1\n", "K = 1  # a comment\n", '"""Docs."""\n\nK = 1\n', "K = 2\n"):
        (lib / "netlib" / "layers.py").write_text(text)
        identities.append(identity_of(plugin))
        assert f"K = {sys.modules['netlib'].K}" in text  # imported anew
    assert identities[0] == identities[1] == identities[2] != identities[3]


@pytest.mark.slow
@pytest.mark.parametrize("when", ["create", "embed"])
def test_a_module_that_is_imported_when_it_is_needed(tmp_path: Path, when: str) -> None:
    (tmp_path / "lib").mkdir()
    line = "import importlib; importlib.import_module('late_' + 'lib')"
    plugin = write_plugin(tmp_path / "models", **{when: line})
    sys.path.insert(0, str(tmp_path / "lib"))
    identities = []
    for text in ("K = 1\n", "K = 2\n"):
        (tmp_path / "lib" / "late_lib.py").write_text(text)
        identities.append(identity_of(plugin))
    assert identities[0] != identities[1]


@pytest.mark.parametrize(
    "reader",
    [
        pytest.param(reader, id=name, marks=[pytest.mark.slow] if "torch" in name else [])
        for name, reader in READERS.items()
    ],
)
def test_a_file_that_create_opens(tmp_path: Path, reader: str) -> None:
    file = tmp_path / "checkpoint"
    plugin = write_plugin(tmp_path / "models", create=reader.format(file=file))
    identities = []
    for number in (1.0, 2.0):
        WRITERS[next((kind for kind in WRITERS if kind in reader), "")](file, number)
        identities.append(identity_of(plugin))
    assert identities[0] != identities[1]


def save_torch(file: Path, number: float) -> None:
    import torch

    torch.save({"a": torch.full((3,), number)}, file)


def save_numpy(file: Path, number: float) -> None:
    with file.open("wb") as opened:
        np.save(opened, np.full(3, number))


WRITERS: dict[str, Callable[[Path, float], object]] = {
    "torch": save_torch,
    "safetensors": lambda file, number: save_file({"a": np.full(3, number)}, file),
    "numpy": save_numpy,
    "": lambda file, number: file.write_text(str(number)),
}


@pytest.mark.slow
@pytest.mark.parametrize("place", ["imports", "embed"])
def test_a_file_that_is_opened_at_import_or_first_use(tmp_path: Path, place: str) -> None:
    file = tmp_path / "table.txt"
    plugin = write_plugin(tmp_path / "models", **{place: f"open({str(file)!r}).close()"})
    identities = []
    for text in ("one", "two"):
        file.write_text(text)
        identities.append(identity_of(plugin))
    assert identities[0] != identities[1]


def test_files_that_are_no_input_do_not_count(tmp_path: Path) -> None:
    own = tmp_path / "log.txt"
    own.write_text("earlier")
    reads: dict[Path, str] = {}
    with record_reads(reads):
        own.read_text()
        own.write_text("later")
        Path("/proc/self/stat").read_text()
        Path(os.__file__).read_text()
        Path(pytest.__file__).read_text()
        (tmp_path / "gone").write_text("temporary")
        (tmp_path / "gone").unlink()
    own.read_text()
    assert reads == {}


def test_what_the_cache_keeps_is_no_input(tmp_path: Path) -> None:
    """It is not there when a plugin is created first, so that the next run had other keys."""
    store = Store(tmp_path)
    store.write("surveys", "key", {"length": np.array(3)})
    reads: dict[Path, str] = {}
    with record_reads(reads):
        assert store.read("surveys", "key") is not None
    assert reads == {}


def test_one_recording_inside_another_ends_alone(tmp_path: Path) -> None:
    outer: dict[Path, str] = {}
    inner: dict[Path, str] = {}
    for name in ("first", "second"):
        (tmp_path / name).write_text(name)
    with record_reads(outer):
        with record_reads(inner):
            (tmp_path / "first").read_text()
        (tmp_path / "second").read_text()
    assert {path.name for path in inner} == {"first"}
    assert {path.name for path in outer} == {"first", "second"}


def test_safetensors_is_as_before_afterwards() -> None:
    modules = [sys.modules["safetensors"], sys.modules["safetensors.numpy"]]
    before = [vars(module)["safe_open"] for module in modules]
    with record_reads({}):
        assert [vars(module)["safe_open"] for module in modules] != before
    assert [vars(module)["safe_open"] for module in modules] == before


def test_the_program_that_runs_is_no_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's first import opens it, so that a second run in a session had other keys."""
    script, data = tmp_path / "study.py", tmp_path / "data.bin"
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(script), raising=False)
    for path in (script, data):
        path.touch()
    reads: dict[Path, str] = {}
    with record_reads(reads):
        script.read_bytes()
        data.read_bytes()
    assert set(reads) == {data.resolve()}
