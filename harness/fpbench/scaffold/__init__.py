"""A plugin package that works, to start from: the files beside this one, with names filled in."""

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
    """What a plugin written to ``folder`` is called: its fingerprinter and its entry point.

    Raises:
        FpbenchError: The folder's name cannot name a package.
    """
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")
    name = name.removeprefix("fpbench-")
    if not re.match(r"[a-z]", name):
        raise FpbenchError(
            f"'{folder.name}' cannot name a plugin", hint="use a name that starts with a letter"
        )
    return name


def scaffold_module(name: str) -> str:
    """The package that a plugin of that name lies in."""
    return f"fpbench_{name.replace('-', '_')}"


def write_scaffold(folder: Path) -> list[Path]:
    """Write a plugin package named after ``folder``.

    Returns:
        The files written.

    Raises:
        FpbenchError: The folder has files in it, cannot be made, or its name cannot name a package.
    """
    name = scaffold_name(folder)
    module = scaffold_module(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FpbenchError(f"{folder} is not empty", hint="give a folder that does not exist yet")
    written = []
    for source, target in _FILES.items():
        text = files("fpbench.scaffold").joinpath(source).read_text(encoding="utf-8")
        path = folder / target.format(module=module)
        make_folder(path.parent)
        path.write_text(Template(text).substitute(name=name, module=module), encoding="utf-8")
        written.append(path)
    return written
