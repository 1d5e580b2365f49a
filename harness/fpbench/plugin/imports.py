"""Imports code outside installed packages from its source, and remembers the bytes that run."""

import sys
import sysconfig
from functools import lru_cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

_imported_code: dict[Path, bytes] = {}


def imported_code(file: Path) -> bytes | None:
    """The bytes of a file that were compiled when it was imported last.

    Returns:
        None if it is an installed file, or was not imported since :func:`import_from_source`.
    """
    return _imported_code.get(file.resolve())


def forget_module(name: str) -> None:
    """Let a module be imported anew."""
    origin = getattr(getattr(sys.modules.pop(name), "__spec__", None), "origin", None)
    if origin is not None:
        _imported_code.pop(Path(origin).resolve(), None)


def import_from_source() -> None:
    """Let later imports of code outside installed packages read the source, in this process.

    Python takes a compiled file for fresh if the source has the size and the second of the last
    change that it had then. An edit within a second would run the old code under a new hash.
    """
    if not any(isinstance(finder, _SourceFinder) for finder in sys.meta_path):
        # Before Python's own finder, and behind those that a test runner adds.
        finders = sys.meta_path
        place = finders.index(PathFinder) if PathFinder in finders else len(finders)
        finders.insert(place, _SourceFinder())


def is_installed(file: Path) -> bool:
    """Whether a file belongs to the standard library or lies among installed distributions."""
    path = file.resolve()
    return any(path.is_relative_to(folder) for folder in _library_folders()) or any(
        _holds_distributions(folder) for folder in path.parents
    )


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


@lru_cache(maxsize=1)
def _library_folders() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    return tuple({Path(sysconfig.get_path(name)).resolve() for name in names})


@lru_cache(maxsize=4096)
def _holds_distributions(folder: Path) -> bool:
    return any(folder.glob("*.dist-info"))
