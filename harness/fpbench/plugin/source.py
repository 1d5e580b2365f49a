"""Hashes of a plugin's code, weights and settings."""

import ast
import hashlib
import sys
from collections.abc import Mapping, Set
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from fpbench.hashing import code_key, content_key, file_sha256, imported_names, public_modules
from fpbench.plugin.entries import Settings
from fpbench.plugin.imports import code_of, code_sha256, is_installed
from fpbench.plugin.libraries import library_editions
from fpbench.plugin.reads import Reads

_IGNORED_SUFFIXES = {".md", ".png"}  # documentation
_IGNORED_FOLDERS = {"__pycache__", "recipes"}


def source_sha256(module: ModuleType) -> str:
    """Hash of a plugin's files: its own folder or file, and the code that it imports from outside.

    Outside of installed packages, that is: see :func:`fpbench.plugin.imports.is_installed`. Shipped
    weights are files of the folder, so new weights change the hash, at any time. Code is that which
    was imported. Documentation and training recipes do not shape fingerprints, so they are left
    out.
    """
    files = code_files(module)
    code = {file: hashlib.sha256(code_of(file)).hexdigest() for file in files}
    return _files_sha256({**_data_sha256(module), **code})


def code_identity(module: ModuleType, reads: Reads) -> dict[str, str]:
    """Hashes of all files that shape what a part of a plugin does, for the keys of the cache.

    Unlike :func:`source_sha256`, they ignore comments and docstrings, and they hold what was read
    while the part was created.

    Args:
        module: The plugin.
        reads: From :func:`fpbench.plugin.reads.record_reads`.
    """
    files = code_files(module)
    code = {file.resolve(): code_sha256(file) for file in files}
    names = {name for file in files for name in _names_in(file, module.__name__)}
    libraries = library_editions(names)
    return {
        "source": _files_sha256({**_data_sha256(module), **reads, **code}),
        "harness": code_key(*sorted(public_modules(names))),
        **({"libraries": content_key(**libraries)} if libraries else {}),
    }


def _data_sha256(module: ModuleType) -> dict[Path, str]:
    return {f.resolve(): file_sha256(f) for f in _own_files(module) if f.suffix != ".py"}


def code_files(module: ModuleType) -> set[Path]:
    """A plugin's own Python files, and those outside installed packages that they import."""
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
    """Files that ``files`` import, directly or not: those of the top package, and outside ones."""
    folder = Path(module.__file__ or "").parent
    package = (module.__spec__.parent if module.__spec__ else None) or ""
    pending = [
        (file, ".".join((package, *file.parent.relative_to(folder).parts))) for file in files
    ]
    specs = _Specs(module.__name__.partition(".")[0])
    imported: set[Path] = set()
    while pending:
        for name in _names_in(*pending.pop()):
            for spec in specs.of(name):
                origin = Path(spec.origin or "")
                if origin in files | imported or not origin.is_file():
                    continue
                imported.add(origin)
                if origin.suffix == ".py":  # and not compiled
                    pending.append((origin, spec.parent or ""))
    return imported


def _names_in(file: Path, package: str) -> Set[str]:
    return _names_in_code(code_of(file), package)


@cache
def _names_in_code(code: bytes, package: str) -> Set[str]:
    try:
        return set(imported_names(ast.parse(code), package))
    except (SyntaxError, ValueError):
        return set()


class _Specs:
    """Finds modules whose code counts as a plugin's, and runs no code of them."""

    def __init__(self, top_package: str) -> None:
        self._top_package = top_package
        self._specs: dict[str, ModuleSpec | None] = {}

    def of(self, name: str) -> list[ModuleSpec]:
        """Specs of a module and of the packages above it; none if its code does not count."""
        parts = name.split(".")
        names = [".".join(parts[: depth + 1]) for depth in range(len(parts))]
        return [spec for spec in map(self._find, names) if spec is not None]

    def _find(self, name: str) -> ModuleSpec | None:
        if name not in self._specs:
            package, _, _ = name.rpartition(".")
            self._specs[name] = self._find_below(name, package) if package else self._find_top(name)
        return self._specs[name]

    def _find_top(self, name: str) -> ModuleSpec | None:
        try:
            spec = find_spec(name)
        except (ValueError, ImportError):  # __main__ has no spec
            return None
        if name == "fpbench" or spec is None or name == self._top_package:
            return None if name == "fpbench" else spec
        places = [spec.origin] if spec.has_location else spec.submodule_search_locations or []
        return None if all(is_installed(Path(place or "")) for place in places) else spec

    def _find_below(self, name: str, package: str) -> ModuleSpec | None:
        above = self._find(package)
        if above is None or above.submodule_search_locations is None:
            return None
        loaded = getattr(sys.modules.get(name), "__spec__", None)
        return loaded or PathFinder.find_spec(name, list(above.submodule_search_locations))


def identity(name: str, module: ModuleType, settings: Settings, reads: Reads) -> dict[str, Any]:
    """Everything that shapes the output of an entry: equal identities may share a cache."""
    return {
        "name": name,
        **code_identity(module, reads),
        "weights": file_sha256(settings.weights) if settings.weights else None,
        "options": dict(settings.options),
        "argument": settings.argument,
        "device": settings.device,
        "dtype": settings.dtype,
        "seed": settings.seed,
    }
