"""Names that a user may have meant by one that no entry has."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fpbench.plugin.entries import Entry
from fpbench.plugin.loading import PREFIX, module_file


def plugin_names(name: str) -> list[str]:
    """The name with ``plugin:`` if it is a Python file, or a module in this folder."""
    path = Path(name)
    is_file = path.suffix == ".py" and os.path.isfile(path)  # noqa: PTH113
    return [f"{PREFIX}{name}"] if is_file or module_file(name) else []


def names_with_path(path: str, entries: Iterable[Entry[Any]]) -> list[str]:
    """Names of entries that take this path as their argument, with the path."""
    # pathlib raises for a name that is too long, or that begins with an unknown user.
    file = os.path.expanduser(path)  # noqa: PTH111
    if not os.path.exists(file):  # noqa: PTH110
        return []
    return [
        f"{entry.name}:{path}"
        for entry in entries
        if entry.fits is not None and entry.fits(Path(file))
    ]
