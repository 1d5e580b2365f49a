"""Texts of a figure: names are shown as they are, with a font that has their characters."""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from logging import getLogger
from typing import Any

_DEFAULT_FAMILY = "DejaVu Sans"  # a part of matplotlib

_PREFERRED = ("noto sans", "source han sans", "dejavu", "arial unicode", "hiragino", "yahei")
"""Parts of the names of fonts with many scripts, which are tried before all other fonts."""

_PLACEHOLDERS = ("last resort", "lastresort")  # fonts that show a box for every character

_PLAIN_WEIGHTS = (400, "normal", "regular")

logger = getLogger(__name__)


def show_as_text(figure: Any) -> None:
    """Show all texts of a new figure as they are: no formula, no TeX, and no missing character.

    A character that no installed font has is shown by its code, such as ``\\u97f3``, with one
    warning for the figure. The numbers at the axes are not there yet, and keep their own rules.
    """
    from matplotlib.text import Text

    texts = [text for text in figure.findobj(Text) if text.get_text()]
    for text in texts:
        text.set_text(readable_text(text.get_text()))
    wanted = sorted({letter for text in texts for letter in text.get_text()} - {"\n"})
    families, unknown = _choose_fonts(wanted)
    for text in texts:
        text.set_text("".join(_code(c) if c in unknown else c for c in text.get_text()))
        text.set_parse_math(False)
        text.set_usetex(False)
        if len(families) > 1:
            text.set_fontfamily(list(families))
    if unknown:
        logger.warning(
            "no installed font has %s: the figure shows codes, such as %s; install a font such as "
            "Noto Sans CJK",
            "".join(unknown[:20]) + ("..." if len(unknown) > 20 else ""),
            _code(unknown[0]),
        )


def readable_text(text: str) -> str:
    """A text with composed letters, and without characters that change or hide others.

    Lines stay. A byte of a file name that is not text is shown as ``\\xe9``.
    """
    letters = []
    for letter in unicodedata.normalize("NFC", text):
        if letter == "\n":
            letters.append(letter)
        elif "\udc80" <= letter <= "\udcff":
            letters.append(f"\\x{ord(letter) - 0xDC00:02x}")
        elif unicodedata.category(letter) == "Cs":
            letters.append(_code(letter))
        elif letter.isspace() and letter != "\N{NO-BREAK SPACE}":
            letters.append(" ")
        elif unicodedata.category(letter) not in ("Cc", "Cf"):
            letters.append(letter)
    return "".join(letters)


def one_line(name: str) -> str:
    """A name without line breaks, of which a figure has its own."""
    return " ".join(name.split("\n")) if "\n" in name else name


def add_legend(target: Any, handles: Sequence[Any], names: Iterable[str], **style: Any) -> None:
    """Add a legend to axes or to a figure.

    matplotlib leaves out names that begin with an underscore, so they are put in afterwards.
    """
    legend = target.legend(handles=handles, labels=["name"] * len(handles), **style)
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(one_line(name))


def _code(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")


def _choose_fonts(letters: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Families of fonts that together have the letters, and the letters that none has."""
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    default = FT2Font(findfont(_DEFAULT_FAMILY))
    missing = [letter for letter in letters if not default.get_char_index(ord(letter))]
    families = [_DEFAULT_FAMILY]
    for family in _other_families() if missing else ():
        found = _letters_of(family, missing)
        if found:
            families.append(family)
            missing = [letter for letter in missing if letter not in found]
        if not missing:
            break
    return tuple(families), missing


@cache
def _other_families() -> tuple[str, ...]:
    from matplotlib.font_manager import fontManager

    plain = [f for f in fontManager.ttflist if f.style == "normal" and f.weight in _PLAIN_WEIGHTS]
    names = {font.name for font in plain if font.stretch == "normal"}
    names = {name for name in names if not name.lower().startswith(_PLACEHOLDERS)}

    def rank(name: str) -> tuple[bool, str]:
        return not any(part in name.lower() for part in _PREFERRED), name

    return tuple(sorted(names - {_DEFAULT_FAMILY}, key=rank))


def _letters_of(family: str, letters: Sequence[str]) -> set[str]:
    """Which of the letters a font has; none if it cannot be opened."""
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(findfont(family, fallback_to_default=False))
    except (OSError, RuntimeError, ValueError):
        return set()
    return {letter for letter in letters if font.get_char_index(ord(letter))}
