"""Finds the files that a table lists, whatever machine the table was written on."""

import os
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file that a table lists.

    Args:
        name: How it is listed, with ``/`` between folders and in the composed Unicode form, so that
            all machines give it one name.
        path: The file.
    """

    name: str
    path: Path


class ListedFiles:
    """Files by their names in a table, relative to its folder.

    A file is also found if its name is listed with backslashes between folders, from ``~``, or in
    another normal form of Unicode than on the disk: macOS writes é as two characters.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[Path, dict[str, str]] = {}

    def find(self, name: str) -> ListedFile | None:
        """The file that is listed under a name; None if there is none."""
        for text in _readings(name):
            path = self._folder / text
            found = path if _is_file(path) else self._find_in_other_form(path)
            if found is not None:
                shown = text if os.sep == "/" else text.replace("\\", "/")
                return ListedFile(composed(shown), found)
        return None

    def find_in_other_case(self, name: str) -> str | None:
        """Name on the disk of a file whose listed name has other capitals; None if none has."""
        for text in _readings(name):
            path = self._folder / text
            for found, real in self._names_in(path.parent).items():
                if found.casefold() == composed(path.name).casefold():
                    return real
        return None

    def _find_in_other_form(self, path: Path) -> Path | None:
        if str(path).isascii():
            return None
        real = Path(path.anchor) if path.anchor else Path()
        for part in path.parts[1:] if path.anchor else path.parts:
            there = os.path.lexists(real / part)
            real /= part if there else self._names_in(real).get(composed(part), part)
        return real if _is_file(real) else None

    def _names_in(self, folder: Path) -> dict[str, str]:
        """Names in a folder by their composed form; none if it cannot be listed."""
        if folder not in self._names:
            self._names[folder] = {}
            with suppress(OSError):
                self._names[folder] = {composed(n): n for n in sorted(os.listdir(folder))}  # noqa: PTH208
        return self._names[folder]


def composed(name: str) -> str:
    """A name in the composed form of Unicode (NFC), in which equal letters are equal texts."""
    return unicodedata.normalize("NFC", name)


def names_without_folders(names: Sequence[str]) -> list[str]:
    """Names for results: absolute ones are cut to the last parts that tell all of them apart.

    Results are shown to others, whom the folders of a machine do not concern.
    """
    parts = [_absolute_parts(name) for name in names]
    deepest = max((len(one) for one in parts), default=0)
    short: list[str] = []
    for kept in range(1, deepest + 1):
        short = [
            "/".join(one[-kept:]) if one else name for name, one in zip(names, parts, strict=True)
        ]
        if len(set(short)) == len(set(names)):
            break
    return short or list(names)


def _absolute_parts(name: str) -> tuple[str, ...]:
    """The parts of an absolute name below its root or drive; none of a relative name."""
    if name.startswith(("/", "~")):
        return PurePosixPath(name.lstrip("/")).parts
    windows = PureWindowsPath(name)
    return windows.parts[1:] if windows.drive else ()


def _readings(name: str) -> Iterator[str]:
    """The texts that a listed name may mean on this machine."""
    texts = [name]
    if name.startswith("~"):
        texts.append(os.path.expanduser(name))  # noqa: PTH111 - pathlib raises for unknown users
    for text in texts:
        yield text
        if os.sep == "/" and "\\" in text:
            yield text.replace("\\", "/")


def _is_file(path: Path) -> bool:
    """Whether there is such a file; not if its name is too long, or its folder cannot be read."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
