"""Imports plugins."""

import importlib.metadata
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from fpbench.errors import FpbenchError
from fpbench.plugin.blame import blame

PREFIX = "plugin:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a plugin came from: a distribution and its version, or a file."""

    plugin: str
    distribution: str
    version: str
    module: ModuleType


def import_source(target: str) -> Source:
    """Import a module by name, from the working directory or the path, or from a file."""
    path = Path(target)
    if target.endswith(".py") or len(path.parts) > 1:
        return _source_from_file(target, path)
    for local in (Path.cwd() / f"{target}.py", Path.cwd() / target / "__init__.py"):
        if local.is_file():
            return _source_from_file(target, local)
    if importlib.util.find_spec(target.partition(".")[0]) is None:
        raise FpbenchError(
            f"no plugin is called '{target}'",
            hint=f"make {target}.py in this folder, install a package of that name, "
            "or run `fpbench plugins`",
        )
    with blame(target, "importing it"):
        module = importlib.import_module(target)
    return Source(plugin=target, distribution="(module)", version="-", module=module)


def _source_from_file(target: str, path: Path) -> Source:
    if not path.is_file():
        raise FpbenchError(f"no plugin file '{path}'", hint="give the path of a Python file")
    # A package keeps its name, so that its files can import each other; a lone file gets one that
    # cannot hide an installed module.
    package = path.name == "__init__.py"
    name = path.resolve().parent.name if package else f"fpbench_plugin_{path.stem}"
    folders = [str(path.parent)] if package else None
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=folders)
    if spec is None or spec.loader is None:
        raise FpbenchError(f"'{path}' is not a Python file", hint="its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name while they are being made.
    sys.modules[name] = module
    # What lies beside it can be imported, as when Python itself runs a file; at the end of the
    # path, so that it hides nothing.
    folder = path.parent.resolve()
    beside = str(folder.parent if package else folder)
    if beside not in sys.path:
        sys.path.append(beside)
    with blame(target, "importing it"):
        spec.loader.exec_module(module)
    return Source(plugin=target, distribution=str(path), version="-", module=module)
