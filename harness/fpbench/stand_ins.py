"""Recognises files that stand in for another one: pointers of Git LFS and web pages."""

from dataclasses import dataclass
from pathlib import Path

from fpbench.errors import FpbenchError

_START_BYTES = 512
_POINTERS = {
    b"version https://git-lfs.github.com/spec/": ("Git LFS", "git lfs pull"),
    b"/annex/objects/": ("git-annex", "git annex get"),
}
_WEB_PAGES = (b"<!doctype html", b"<html", b"<head", b"<?xml")


@dataclass(frozen=True, slots=True)
class StandIn:
    """What a file is instead of the one that its name promises, and what to do."""

    what: str
    advice: str


def find_stand_in(path: Path) -> StandIn | None:
    """Look at the start of a file; None if it may be what its name promises, or cannot be read."""
    try:
        if not path.is_file():  # opening a pipe would wait for its writer
            return None
        with path.open("rb") as file:
            start = file.read(_START_BYTES)
    except (OSError, ValueError):
        return None
    for pointer, (program, command) in _POINTERS.items():
        if start.startswith(pointer):
            what = f"a pointer of {program}, not the file that it stands for"
            return StandIn(what, f"run `{command}` in its repository")
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_WEB_PAGES):
        advice = "download it again: the server sent a page instead, such as a login or an error"
        return StandIn("a web page", advice)
    return None


def refuse_stand_in(path: Path) -> None:
    """Refuse a file that is none of its kind, whatever its name says.

    A file that cannot be opened passes: whoever reads it says why.

    Raises:
        FpbenchError: It is a pointer of Git LFS or git-annex, or a web page.
    """
    found = find_stand_in(path)
    if found is not None:
        raise FpbenchError(f"'{path}' is {found.what}", hint=found.advice)
