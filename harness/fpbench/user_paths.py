"""Paths as users write them, with ``~`` for a home folder."""

import os
from pathlib import Path

from fpbench.errors import FpbenchError


def expand_path(path: str | os.PathLike[str]) -> Path:
    """The path, with ``~`` or ``~user`` at its start replaced by that home folder.

    A shell replaces neither in ``--out=~/x`` nor in a variable or a file of settings. The name of a
    file that begins with ``~`` stays as it is; that of a folder does, if it exists.

    Raises:
        FpbenchError: There is no such user, or the home folder is unknown, as for a user of a
            container who has no name.
    """
    text = os.fspath(path)
    if not text.startswith("~"):
        return Path(text)
    expanded = os.path.expanduser(text)  # noqa: PTH111 - pathlib raises for unknown users
    if expanded != text:
        return Path(expanded)
    start, *more = Path(text).parts
    user = start[1:]
    if os.path.lexists(text) or (user and not more):
        return Path(text)
    if user:
        raise FpbenchError(
            f"'{text}' is in no home folder: there is no user '{user}'",
            hint=f"write './{text}' for a name that begins with ~",
        )
    raise FpbenchError(
        f"'{text}' is not known: this user has no home folder",
        hint="write the whole path, or set HOME",
    )
