"""Hashes of a plugin's code, weights and settings."""

import ast
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from fpbench.hashing import code_key, file_sha256, imported_names, public_modules
from fpbench.plugin.entries import Settings
from fpbench.plugin.imports import imported_code

_IGNORED_SUFFIXES = {".md", ".png"}  # documentation
_IGNORED_FOLDERS = {"__pycache__", "recipes"}


def source_sha256(module: ModuleType) -> str:
    """Hash of a plugin's code: its own folder or file, and files that it imports from beside it.

    Shipped weights are files of the folder, so new weights change the hash, at any time. Code is
    read once, as Python does. Documentation and training recipes do not shape fingerprints, so
    they are left out.
    """
    code = _code_sha256(module)
    weights = {file: file_sha256(file) for file in _own_files(module) if file.suffix != ".py"}
    return _files_sha256({**code, **weights})


@cache
def _harness_key(module: ModuleType) -> str:
    """Key of the harness code that a plugin calls."""
    names = {name for file in code_files(module) for name in _names_in(file, module.__name__)}
    return code_key(*sorted(public_modules(names)))


@cache
def _code_sha256(module: ModuleType) -> dict[Path, str]:
    return {file: _code_file_sha256(file) for file in code_files(module)}


def _code_file_sha256(file: Path) -> str:
    """Hash of the code that was imported, which may differ from the file by now."""
    content = imported_code(file)
    return file_sha256(file) if content is None else hashlib.sha256(content).hexdigest()


def code_files(module: ModuleType) -> set[Path]:
    """A plugin's own Python files, and those that they import from beside it."""
    own = {file for file in _own_files(module) if file.suffix == ".py"}
    return own | _imported_files(own, module)


def _own_files(module: ModuleType) -> set[Path]:
    path = Path(module.__file__ or "")
    own = set(path.parent.rglob("*")) if path.name == "__init__.py" else {path}
    return {
        file
        for file in own
        if file.is_file()
        and not _IGNORED_FOLDERS & set(file.relative_to(path.parent).parts)
        and file.suffix not in _IGNORED_SUFFIXES
    }


def _files_sha256(files: Mapping[Path, str]) -> str:
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.parent.name}/{file.name}".encode())
        digest.update(files[file].encode())
    return digest.hexdigest()


def _imported_files(files: set[Path], module: ModuleType) -> set[Path]:
    """Files that ``files`` import, directly or not, from the top package or from beside it."""
    top_package = f"{module.__name__.partition('.')[0]}."
    folder = Path(module.__file__ or "").parent
    package = module.__spec__.parent if module.__spec__ else None
    neighbours = _neighbour_folder(folder) if module.__name__ == package else folder.resolve()
    imported: set[Path] = set()
    pending = [
        (file, ".".join((package or "", *file.parent.relative_to(folder).parts)))
        for file in files
        if file.suffix == ".py"
    ]
    while pending:
        for name in _names_in(*pending.pop()):
            inside = name.startswith(top_package)
            spec = _module_spec(name) if inside else _neighbour_spec(name, neighbours)
            if spec is not None and spec.origin and Path(spec.origin) not in files | imported:
                imported.add(Path(spec.origin))
                if spec.origin.endswith(".py"):  # and not compiled
                    pending.append((Path(spec.origin), spec.parent or ""))
    return imported


def _names_in(file: Path, package: str) -> set[str]:
    return set(imported_names(ast.parse(file.read_bytes()), package))


def _module_spec(name: str) -> ModuleSpec | None:
    """Spec of a module; None if there is none. This imports only the packages above it."""
    try:
        parent = find_spec(name.rpartition(".")[0])
        is_package = parent is not None and parent.submodule_search_locations is not None
        return find_spec(name) if is_package else None
    except ModuleNotFoundError:
        return None


def _neighbour_folder(package: Path) -> Path:
    """Folder of a package's neighbours; the package itself if it lies among installed packages."""
    parent = package.resolve().parent
    return package.resolve() if any(parent.glob("*.dist-info")) else parent


def _neighbour_spec(name: str, folder: Path) -> ModuleSpec | None:
    """Spec of a module; None if the module, or its top package, is not directly in ``folder``.

    Args:
        folder: Folder with links resolved, because ``sys.path`` may reach it through a link.
    """
    top, dot, _ = name.partition(".")
    try:
        spec = find_spec(top)
    except ValueError:  # __main__ has no spec
        return None
    origin = Path(spec.origin) if spec and spec.has_location and spec.origin else None
    if origin is None or folder not in (above.resolve() for above in origin.parents[:2]):
        return None
    return _module_spec(name) if dot else spec


def identity(name: str, module: ModuleType, settings: Settings) -> dict[str, Any]:
    """Everything that shapes the output of an entry: equal identities may share a cache."""
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
