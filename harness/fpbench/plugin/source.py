"""Hashes that say whether two runs used the same code, weights and settings."""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from fpbench.hashing import code_key, file_sha256, imported_names, public_modules
from fpbench.plugin.entries import Settings

_TOLD = {".md", ".png"}  # for people


_IDLE = {"__pycache__", "recipes"}  # folders


@cache
def source_sha256(module: ModuleType) -> str:
    """Hash of a plugin's code: its own folder or file, and what it imports from around it.

    Shipped weights are files of the folder too, so retraining them changes the hash; cards and
    pictures decide nothing, and recipes only trainings: they are left out.
    """
    return _files_sha256(_source_files(module))


@cache
def _harness_key(module: ModuleType) -> str:
    """Of the harness's code that a plugin calls."""
    code = [file for file in _source_files(module) if file.suffix == ".py"]
    names = {name for file in code for name in _names_in(file, module.__name__)}
    return code_key(*sorted(public_modules(names)))


def _source_files(module: ModuleType) -> set[Path]:
    path = Path(module.__file__ or "")
    own = set(path.parent.rglob("*")) if path.name == "__init__.py" else {path}
    own = {
        file
        for file in own
        if file.is_file()
        and not _IDLE & set(file.relative_to(path.parent).parts)
        and file.suffix not in _TOLD
    }
    return own | _imported_files(own, module)


def _files_sha256(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.parent.name}/{file.name}".encode())
        digest.update(file_sha256(file).encode())
    return digest.hexdigest()


def _imported_files(files: set[Path], module: ModuleType) -> set[Path]:
    """What its ``files`` import from the module's top package or from beside it, and so on."""
    above = f"{module.__name__.partition('.')[0]}."
    folder = Path(module.__file__ or "").parent
    package = module.__spec__.parent if module.__spec__ else None
    beside = _folder_around(folder) if module.__name__ == package else folder.resolve()
    found: set[Path] = set()
    left = [
        (file, ".".join((package or "", *file.parent.relative_to(folder).parts)))
        for file in files
        if file.suffix == ".py"
    ]
    while left:
        for name in _names_in(*left.pop()):
            spec = _module_spec(name) if name.startswith(above) else _beside(name, beside)
            if spec is not None and spec.origin and Path(spec.origin) not in files | found:
                found.add(Path(spec.origin))
                left.append((Path(spec.origin), spec.parent or ""))
    return found


def _names_in(file: Path, package: str) -> set[str]:
    return set(imported_names(ast.parse(file.read_bytes()), package))


def _module_spec(name: str) -> ModuleSpec | None:
    """None if it is no module. Only the packages above it are imported to find out."""
    try:
        above = find_spec(name.rpartition(".")[0])
        inside = above is not None and above.submodule_search_locations is not None
        return find_spec(name) if inside else None
    except ModuleNotFoundError:
        return None


def _folder_around(package: Path) -> Path:
    """Where a package's neighbours lie; itself if it is installed, among strangers."""
    around = package.resolve().parent
    return package.resolve() if any(around.glob("*.dist-info")) else around


def _beside(name: str, folder: Path) -> ModuleSpec | None:
    """None if the module, or the package that it is in, does not lie in this very folder.

    Args:
        folder: Without links, by which one folder may be on the path under other names.
    """
    top, dot, _ = name.partition(".")
    try:
        spec = find_spec(top)
    except ValueError:  # __main__ has none
        return None
    origin = Path(spec.origin) if spec and spec.has_location and spec.origin else None
    if origin is None or folder not in (above.resolve() for above in origin.parents[:2]):
        return None
    return _module_spec(name) if dot else spec


def identity(name: str, module: ModuleType, settings: Settings) -> dict[str, Any]:
    """What decides the bytes that a plugin part makes; equal identities may share a cache."""
    return {
        "name": name,
        "source": source_sha256(module),
        "harness": _harness_key(module),
        "weights": file_sha256(settings.weights) if settings.weights else None,
        "options": dict(settings.options),
        "argument": settings.argument,
        "device": settings.device,
        "dtype": settings.dtype,
        "seed": settings.seed,
    }
