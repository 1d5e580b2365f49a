"""Imports plugins by name or from files."""

import importlib.metadata
import importlib.util
import os
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from fpbench.errors import FpbenchError
from fpbench.plugin.blame import blame
from fpbench.plugin.imports import SourceLoader, forget_module, import_from_source, is_installed
from fpbench.plugin.reads import Reads, record_reads
from fpbench.plugin.remembered_reads import remember_import
from fpbench.plugin.source import code_files
from fpbench.user_paths import expand_path

PREFIX = "plugin:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Origin of a plugin: a distribution and its version, or a file.

    Args:
        reads: What was read while the plugin was imported.
        loaded: Everything that was read for its parts so far.
    """

    plugin: str
    distribution: str
    version: str
    module: ModuleType
    reads: Reads = field(default_factory=dict, repr=False)
    loaded: set[Path] = field(default_factory=set, repr=False, compare=False)


_kept_packages = {"fpbench", "__main__"}
_earlier: dict[Path, Source] = {}


def import_installed(point: importlib.metadata.EntryPoint) -> Source:
    """Import an installed plugin.

    Raises:
        FpbenchError: Its import fails, or its entry point names no module.
    """
    reads: dict[Path, str] = {}
    with blame(point.name, "importing it"), record_reads(reads):
        module = point.load()
    if not isinstance(module, ModuleType):
        raise FpbenchError(
            f"plugin '{point.name}' is not a module: entry point {point.value}",
            hint="let the fpbench entry point name a module with hook implementations",
        )
    _kept_packages.add(module.__name__.partition(".")[0])
    name, version = _name_and_version(point.dist)
    return Source(
        plugin=point.name,
        distribution=name,
        version=version,
        module=module,
        reads=remember_import(module, reads),
    )


@lru_cache(maxsize=64)  # each call would parse the whole metadata, and plugins share it
def _name_and_version(distribution: importlib.metadata.Distribution | None) -> tuple[str, str]:
    return (distribution.name, distribution.version) if distribution else ("?", "?")


def import_source(target: str) -> Source:
    """Import a plugin from a file, or by name from the working directory or ``sys.path``.

    Raises:
        FpbenchError: There is no such file or module, or importing it fails.
    """
    import_from_source()
    importlib.invalidate_caches()  # files may be new since the last import
    path = expand_path(target)
    if target.endswith(".py") or len(path.parts) > 1:
        return _source_from_file(target, path)
    file = module_file(target)
    if file is not None:
        return _source_from_file(target, file)
    if importlib.util.find_spec(target.partition(".")[0]) is None:
        raise FpbenchError(
            f"no plugin is called '{target}'",
            hint=f"write {target}.py in this folder, install a package of that name, "
            "or run `fpbench plugins` for a list",
        )
    reads: dict[Path, str] = {}
    with blame(target, "importing it"), record_reads(reads):
        module = importlib.import_module(target)
    return Source(
        plugin=target,
        distribution="(module)",
        version="-",
        module=module,
        reads=remember_import(module, reads),
    )


def module_file(name: str) -> Path | None:
    """The file of a module or package in the working directory; None if there is none."""
    files = (Path.cwd() / f"{name}.py", Path.cwd() / name / "__init__.py")
    # pathlib raises for a name that is too long.
    return next((file for file in files if os.path.isfile(file)), None)  # noqa: PTH113


def _source_from_file(target: str, path: Path) -> Source:
    if not os.path.isfile(path):  # noqa: PTH113
        raise FpbenchError(f"no plugin file '{path}'", hint="give the path of a Python file")
    # A package keeps its name, so that its files can import each other. A single file gets a name
    # that cannot hide an installed module.
    package = path.name == "__init__.py"
    name = path.resolve().parent.name if package else f"fpbench_plugin_{path.stem}"
    folders = [str(path.parent)] if package else None
    if path.suffix != ".py":
        raise FpbenchError(f"'{path}' is not a Python file", hint="choose a file named *.py")
    spec = importlib.util.spec_from_file_location(
        name,
        path,
        loader=SourceLoader(name, str(path)),
        submodule_search_locations=folders,
    )
    if spec is None or spec.loader is None:
        raise FpbenchError(f"cannot import '{path}'", hint="check the path")
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks up its module by name when it is defined.
    sys.modules[name] = module
    # A plugin can import files beside it, as a script can. Their folder is the last on the path, so
    # that they hide no other module.
    folder = path.parent.resolve()
    parent = str(folder.parent if package else folder)
    if parent not in sys.path:
        sys.path.append(parent)
    reads: dict[Path, str] = {}
    with blame(target, "importing it"):
        _forget_earlier_imports(module, _earlier.get(path.resolve()))
        with record_reads(reads):
            spec.loader.exec_module(module)
    source = Source(
        plugin=target,
        distribution=str(path),
        version="-",
        module=module,
        reads=reads,
        loaded=set(reads),
    )
    _earlier[path.resolve()] = source
    return source


def _forget_earlier_imports(module: ModuleType, earlier: Source | None) -> None:
    """Let a plugin import its files anew, as they may have changed in this session.

    Else an output of the code that was imported first would get the key of the code on disk.
    """
    if is_installed(Path(module.__file__ or "")):
        return  # it lies among installed packages, which bear no second import
    loaded = earlier.loaded if earlier else ()
    files = {_inode(file) for file in (*code_files(module), *loaded)} - {None}
    for name, imported in list(sys.modules.items()):
        origin = getattr(getattr(imported, "__spec__", None), "origin", None) or ""
        kept = imported is module or name.partition(".")[0] in _kept_packages
        if not kept and origin.endswith(".py") and _inode(origin) in files:
            forget_module(name)


def _inode(file: Path | str) -> tuple[int, int] | None:
    """What a file is, by whatever name; None if it has gone."""
    try:
        status = Path(file).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
