"""Writes a working plugin package from the templates in this folder."""

import re
from importlib.resources import files
from pathlib import Path
from string import Template

from fpbench.errors import FpbenchError
from fpbench.files import make_folder

_FILES = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "init.py.txt": "{module}/__init__.py",
    "fingerprinter.py.txt": "{module}/fingerprinter.py",
    "test.py.txt": "tests/test_{module}.py",
}


def scaffold_name(folder: Path) -> str:
    """Name of the plugin in ``folder``, which is also its fingerprinter's and its entry point's.

    Raises:
        FpbenchError: The name of the folder cannot be the name of a package.
    """
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")
    name = name.removeprefix("fpbench-")
    if not re.match(r"[a-z]", name):
        raise FpbenchError(
            f"'{folder.name}' cannot be the name of a plugin",
            hint="use a name that starts with a letter",
        )
    return name


def scaffold_module(name: str) -> str:
    """Import package of the plugin called ``name``."""
    return f"fpbench_{name.replace('-', '_')}"


def write_scaffold(folder: Path) -> list[Path]:
    """Write a plugin package named after ``folder``.

    Returns:
        The files written.

    Raises:
        FpbenchError: The folder is not empty or cannot be made, or its name cannot be the name of a
            package.
    """
    name = scaffold_name(folder)
    module = scaffold_module(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FpbenchError(f"{folder} is not empty", hint="choose a folder that does not exist yet")
    paths = []
    for source, target in _FILES.items():
        text = files("fpbench.scaffold").joinpath(source).read_text(encoding="utf-8")
        path = folder / target.format(module=module)
        make_folder(path.parent)
        path.write_text(Template(text).substitute(name=name, module=module), encoding="utf-8")
        paths.append(path)
    return paths
