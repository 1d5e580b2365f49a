"""Imports code outside installed packages from its source, and remembers the bytes that run."""

import hashlib
import os
import sys
import sysconfig
from functools import cache, lru_cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from fpbench.errors import FpbenchError
from fpbench.hashing import syntax_key

_imported_code: dict[Path, bytes] = {}
_kept_origins: set[str] = set()


def code_of(file: Path) -> bytes:
    """The bytes of a Python file that run if it is imported, which the file may not hold any more.

    Raises:
        FpbenchError: The file was not imported, and cannot be read.
    """
    content = _imported_code.get(file.resolve())
    return read_bytes(file) if content is None else content


def code_sha256(file: Path) -> str:
    """Hash of the code that :func:`code_of` returns, without comments and docstrings."""
    content = code_of(file)
    try:
        return syntax_key(content)
    except (SyntaxError, ValueError):
        return hashlib.sha256(content).hexdigest()


def read_bytes(file: Path) -> bytes:
    """The content of a file.

    Raises:
        FpbenchError: It cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as err:
        raise FpbenchError(f"cannot read {file}: {err.strerror}", hint="check the path") from err


def forget_module(name: str) -> None:
    """Let a module be imported anew."""
    origin = getattr(getattr(sys.modules.pop(name), "__spec__", None), "origin", None)
    if origin is not None:
        _kept_origins.discard(origin)
        _imported_code.pop(Path(origin).resolve(), None)


def import_from_source() -> None:
    """Let later imports of code outside installed packages read the source, in this process.

    Python takes a compiled file for fresh if the source has the size and the second of the last
    change that it had then. An edit within a second would run the old code under a new hash. The
    files of modules that are imported already are read now, before they change any further.
    """
    if not any(isinstance(finder, _SourceFinder) for finder in sys.meta_path):
        # Before Python's own finder, and behind those that a test runner adds.
        finders = sys.meta_path
        place = finders.index(PathFinder) if PathFinder in finders else len(finders)
        finders.insert(place, _SourceFinder())
    for module in list(sys.modules.values()):
        origin = getattr(getattr(module, "__spec__", None), "origin", None) or ""
        if origin.endswith(".py") and origin not in _kept_origins and not is_installed(origin):
            _kept_origins.add(origin)
            file = Path(origin).resolve()
            if file not in _imported_code and file.is_file():
                _imported_code[file] = read_bytes(file)


def is_installed(file: Path | str) -> bool:
    """Whether a file belongs to the standard library or lies among installed distributions."""
    if str(file).startswith(_library_folders()):
        return True
    path = Path(file).resolve()
    return str(path).startswith(_library_folders()) or any(map(_has_metadata, path.parents))


class SourceLoader(SourceFileLoader):
    """Compiles what it reads: neither reads nor writes compiled files."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        content = self.get_data(path)
        code: CodeType = self.source_to_code(content, path)
        _imported_code[Path(path).resolve()] = content
        return code


class _SourceFinder(MetaPathFinder):
    """Finds what the finders behind it find, with a loader that compiles the source."""

    def find_spec(
        self, fullname: str, path: Any, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        behind = sys.meta_path[sys.meta_path.index(self) + 1 :]
        specs = (finder.find_spec(fullname, path, target) for finder in behind)
        spec = next((spec for spec in specs if spec is not None), None)
        origin = spec.origin if spec and type(spec.loader) is SourceFileLoader else None
        if spec is not None and origin is not None and not is_installed(Path(origin)):
            spec.loader = SourceLoader(fullname, origin)
            spec.cached = None
        return spec


@cache
def _library_folders() -> tuple[str, ...]:
    folders = [
        Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")
    ]
    return tuple({f"{path}{os.sep}" for folder in folders for path in (folder, folder.resolve())})


@lru_cache(maxsize=4096)
def _has_metadata(folder: Path) -> bool:
    return any(folder.glob("*.dist-info"))
