"""Keeps the folders of a user's machine out of files that are shown to others.

A path in a result, in its evidence or in metadata is recorded relative to the current folder if it
lies below it, and by its last part otherwise.
"""

import dataclasses
import getpass
import os
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path, PureWindowsPath
from typing import Any, NamedTuple

# Where a path begins: after a blank, a quotation mark, `=` or the colon of `folder:DIR`, but not
# within a word, a relative path or a URL.
_START = r"(?<![\w./\\~-])"
_POSIX = r"/(?![/\s'\"])"
_HOME = r"~(?:[A-Za-z_][\w.-]*)?(?=[/\\])"
_LONE_HOME = r"(?:(?<=^)|(?<=[:=]))~(?:[A-Za-z_][\w.-]*)?$"
_DRIVE = r"[A-Za-z]:[\\/](?!/)"
_SHARE = r"\\\\[\w.-]+\\"
_USERS = r"(?<![\w.])/+(?:home|Users)/"
_ROOT = rf"(?:file:/+|{_USERS}|{_START}(?:{_POSIX}|{_HOME}|{_DRIVE}|{_SHARE}))"

_IN_PATH = r"[^\s'\"<>|,;]"
# Beyond a blank, a path goes on if the next word holds a separator, too.
_MORE = rf"(?: (?![/~\\]){_IN_PATH}*?[^\s'\"<>|,;:][/\\]{_IN_PATH}*)*"
_PATH = re.compile(rf"(?:{_ROOT}|{_LONE_HOME}){_IN_PATH}*{_MORE}")
_QUOTED = re.compile(r"(['\"])(.*?)\1", re.DOTALL)
_ARGUMENT = re.compile(r"((?:--?[\w-]+=|[A-Za-z][\w-]*=)?(?:[A-Za-z][\w.-]+:)*)(.*)", re.DOTALL)
_OF_MESSAGES = re.compile(r": |[\n'\"]")  # what paths hardly have
_WHOLE = re.compile(rf"(?:{_ROOT}|{_LONE_HOME}).*", re.DOTALL)


class Recorded(NamedTuple):
    """A setting as results record it.

    Args:
        text: The setting, without the user's folders.
        complete: Whether it still names the same file from the current folder.
    """

    text: str
    complete: bool


def record_setting(text: str) -> Recorded:
    """A setting without the user's folders: a path, ``KIND:PATH``, ``KEY=PATH`` or another text."""
    found = _ARGUMENT.fullmatch(text)
    start, path = (found[1], found[2]) if found else ("", text)
    if start.startswith("file:") or not (_WHOLE.fullmatch(path) or _names_user(path)):
        return Recorded(text, complete=True)
    below = _below_current_folder(path)
    if below is not None and not _names_user(below):
        return Recorded(start + below, complete=True)
    return Recorded(start + _last_part(path), complete=False)


def record_command(arguments: Iterable[str]) -> str:
    """A command line of fpbench without the user's folders."""
    return shlex.join(["fpbench", *(record_setting(word).text for word in arguments)])


def without_folders(text: str, folders: Iterable[str] = ()) -> str:
    """A text, such as a message, in which paths are shortened as in :func:`record_setting`.

    Args:
        text: Any text.
        folders: In a message, what lies below these folders keeps its relative path, even if that
            holds blanks.
    """
    if not _may_hold_path(text):
        return text
    if not _OF_MESSAGES.search(text):
        whole = record_setting(text).text
        if whole != text:
            return whole
    for folder in sorted(folders, key=len, reverse=True):
        text = text.replace(folder.rstrip(os.sep) + os.sep, "")
    text = _QUOTED.sub(lambda m: m[1] + record_setting(m[2]).text + m[1], text)
    return _PATH.sub(lambda m: _last_part(m[0]), text)


def find_path(text: str) -> str | None:
    """The first absolute path, or path from a home folder, in a text; None if there is none."""
    found = _PATH.search(text) if _may_hold_path(text) else None
    return found[0] if found else None


def is_path(text: str) -> bool:
    """Whether a whole text is an absolute path, or one from a home folder."""
    return _WHOLE.fullmatch(text) is not None


def change_texts(value: Any, change: Callable[[str], str], *, keys: bool = False) -> Any:
    """A copy of a dataclass, mapping or list in which every text is changed.

    Args:
        value: What has texts in it, at any depth.
        change: What becomes of a text.
        keys: Whether keys of mappings are texts, too.
    """
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {
            change(key) if keys and isinstance(key, str) else key: change_texts(
                part, change, keys=keys
            )
            for key, part in value.items()
        }
    if isinstance(value, list | tuple):
        changed = [change_texts(part, change, keys=keys) for part in value]
        return tuple(changed) if isinstance(value, tuple) else changed
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        parts = {name: change_texts(getattr(value, name), change, keys=keys) for name in names}
        return dataclasses.replace(value, **parts)
    return value


def _may_hold_path(text: str) -> bool:
    return "/" in text or "\\" in text or "~" in text


def _below_current_folder(path: str) -> str | None:
    """The path relative to the current folder; None if it does not lie below it."""
    if os.sep == "/" and PureWindowsPath(path).drive:
        return None
    expanded = os.path.expanduser(path)  # noqa: PTH111 - pathlib raises for unknown users
    if expanded.startswith("~"):
        return None
    with suppress(FileNotFoundError):  # the current folder may be gone
        return _relative(os.path.abspath(expanded))  # noqa: PTH100 - keeps links
    return None


def _relative(full: str) -> str | None:
    for folder in (os.getcwd(), os.environ.get("PWD", "")):  # noqa: PTH109 - the second has links
        if folder and folder != os.sep and Path(full).is_relative_to(folder):
            return Path(full).relative_to(folder).as_posix()
    return None


def _last_part(path: str) -> str:
    parts = [part for part in re.split(r"[/\\]+", path) if part]
    last = parts[-1] if parts else ""
    return "." if last in ("", "..") or last.startswith("~") or _names_user(path, last) else last


def _names_user(path: str, *parts: str) -> bool:
    """Whether one of some folders, by default all of the path, is called as the user."""
    return not _users().isdisjoint(parts or PureWindowsPath(path).parts)


@cache
def _users() -> frozenset[str]:
    """What the user is called, if the home folder says so, as /home/ann does and /data does not."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - there may be no home folder
    user = ""
    with suppress(OSError, KeyError, ImportError):  # this user has no name
        user = getpass.getuser()
    of_user = home.parent.name.lower() in ("home", "users") or home.name == user
    return frozenset({home.name} if of_user else ()) - {"", "~", "root"}
