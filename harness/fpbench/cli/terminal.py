"""Output that any terminal, pipe or closed stream takes: what it cannot show is replaced."""

import codecs
import io
import logging
import os
import sys
from contextlib import suppress
from typing import TextIO

import click

from fpbench.tables import show_lines, show_text

REPLACE = "fpbench-replace"

_SIMILAR = str.maketrans(
    {
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{MINUS SIGN}": "-",
        "\N{PLUS-MINUS SIGN}": "+-",
        "\N{MULTIPLICATION SIGN}": "x",
        "\N{MICRO SIGN}": "u",
        "\N{GREEK SMALL LETTER MU}": "u",
        "\N{RIGHTWARDS ARROW}": "->",
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{NO-BREAK SPACE}": " ",
        "\N{LESS-THAN OR EQUAL TO}": "<=",
        "\N{GREATER-THAN OR EQUAL TO}": ">=",
        "\N{ALMOST EQUAL TO}": "~",
        **dict.fromkeys("\u258f\u258e\u258d\u258c", " "),  # parts of progress bars
        **dict.fromkeys("\u258b\u258a\u2589\u2588", "#"),
    }
)


def prepare_streams() -> None:
    """Make stdin, stdout and stderr fit to use, whatever the process was started with.

    A closed stream becomes the null device, as file and as descriptor: otherwise the next file that
    is opened would get its number, and receive what a library writes to stderr.
    """
    codecs.register_error(REPLACE, replace_unknown)
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
            os.set_inheritable(number, True)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - until the end
    sys.stdout = _tolerant(sys.stdout, errors_end=True)
    sys.stderr = _tolerant(sys.stderr, errors_end=False)
    # Plugins may write to these, too.
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr  # type: ignore[misc,assignment]


def say(text: str) -> None:
    """Write lines for people to stderr: what a terminal would obey, as in file names, is shown."""
    click.echo(show_lines(text), err=True)


def show_record(record: logging.LogRecord) -> bool:
    """The same for a message of a log, as a filter of :mod:`logging`."""
    record.msg, record.args = show_lines(record.getMessage()), None
    return True


def reopen(stream: TextIO, number: int) -> TextIO:
    """A stream like another, to a file descriptor that stays open when it is closed."""
    is_ascii = isinstance(stream, _Output) and stream.is_ascii
    encoding = "ascii" if is_ascii else stream.encoding
    copy = open(number, "w", encoding=encoding, errors=stream.errors, closefd=False)  # noqa: SIM115
    return _Output(copy, errors_end=True) if isinstance(stream, _Output) else copy


def replace_unknown(error: UnicodeError) -> tuple[str, int]:
    """Replace what an encoding lacks: signs by similar ones, others by their code.

    An error handler of :mod:`codecs`. A byte of a file name that is no text is shown as ``\\xe9``.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unknown = error.object[error.start : error.end]
    return "".join(map(_replace_letter, unknown)), error.end


def _replace_letter(letter: str) -> str:
    similar = letter.translate(_SIMILAR)
    if similar != letter:
        return similar
    return show_text(letter).encode("ascii", "backslashreplace").decode("ascii")


class _Output(io.TextIOWrapper):
    """A stream of text that replaces what its encoding lacks.

    Args:
        stream: The stream to take over, which is of no use afterwards.
        errors_end: Whether an error of writing is raised. Messages and progress go to stderr, and a
            run of hours must not end because nobody reads them any more.
    """

    def __init__(self, stream: io.TextIOWrapper, *, errors_end: bool) -> None:
        encoding, line_buffering = stream.encoding, stream.line_buffering
        # click writes UTF-8 to a stream that says it is ASCII.
        self.is_ascii = codecs.lookup(encoding).name == "ascii"
        self._errors_end = errors_end
        super().__init__(
            stream.detach(),
            encoding="utf-8" if self.is_ascii else encoding,
            errors=REPLACE,
            line_buffering=line_buffering,
        )

    def write(self, text: str, /) -> int:
        shown = text.encode("ascii", REPLACE).decode("ascii") if self.is_ascii else text
        with suppress(*self._harmless):
            super().write(shown)
        return len(text)

    def flush(self) -> None:
        with suppress(*self._harmless):
            super().flush()

    @property
    def _harmless(self) -> tuple[type[OSError], ...]:
        return () if self._errors_end else (OSError,)


def _tolerant(stream: TextIO | None, *, errors_end: bool) -> TextIO:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - until the end
    if not isinstance(stream, io.TextIOWrapper) or stream not in (sys.__stdout__, sys.__stderr__):
        return stream  # of a program that runs commands
    return _Output(stream, errors_end=errors_end)


def refuse_lost_output(err: OSError) -> None:
    """Say on stderr that stdout could not be written, and let nothing else be written there."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)  # otherwise Python tries again at its end, and shows a traceback
    os.close(null)
    sys.stderr.write(f"Error: cannot write to stdout: {err.strerror}\n")
