"""Texts of strangers in Markdown: they are shown as they are written, and do nothing else."""

import re

from fpbench.tables import show_text

_METRIC = re.compile(r"hr@[0-9]+")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# An underscore within a word is no emphasis.
_MARKS = re.compile(r"[\\`*\[\]|~$#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def escape_markdown(text: str) -> str:
    """A text that GitHub shows as it is: no markup, HTML, link, mention, formula or new cell.

    What cannot be seen, such as control characters and those that turn the direction of a text, is
    shown as an escape. Addresses become no links, because a blank divides them.
    """
    if _METRIC.fullmatch(text):
        return text
    shown = show_text(" ".join(text.split()))
    shown = shown.replace("://", ": //").replace("@", "(at)")
    shown = re.sub(r"www\.", "www .", shown, flags=re.IGNORECASE)
    shown = _MARKS.sub(lambda mark: f"\\{mark[0]}", shown)
    return "".join(_ENTITIES.get(letter, letter) for letter in shown)
