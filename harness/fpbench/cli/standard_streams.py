"""The standard streams of the command: which of them plugins write to and read from."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import TextIO

from fpbench.cli.terminal import reopen


def end_stdout() -> None:
    """Let what libraries print at the exit of Python go to stderr, so that results end here."""
    with suppress(OSError, ValueError):  # a reader that has gone, or a closed stream
        if sys.stdout is not None and _number(sys.stdout) == 1:
            sys.stdout.flush()
            _redirect_to_stderr()


def _redirect_to_stderr() -> None:
    """Let file descriptor 1 mean stderr; nothing is shown if that is closed."""
    try:
        os.dup2(2, 1)
    except OSError:
        with Path(os.devnull).open("w") as nothing:
            os.dup2(nothing.fileno(), 1)


@contextmanager
def reserve_stdout() -> Iterator[TextIO | None]:
    """Send stdout to stderr, and yield a stream to where it went before."""
    stdout = sys.stdout
    if stdout is None or _number(stdout) != 1:  # replaced by a test or a notebook
        with redirect_stdout(sys.stderr):
            yield stdout
        return
    stdout.flush()
    copy = os.dup(1)
    _redirect_to_stderr()
    try:
        with reopen(stdout, copy) as results, redirect_stdout(sys.stderr):
            yield results
    finally:
        with suppress(OSError, ValueError):
            stdout.flush()  # what was written to it despite all, into stderr
        os.dup2(copy, 1)
        os.close(copy)


@contextmanager
def close_input() -> Iterator[None]:
    """Let plugins read an empty input unless a person can answer at a terminal.

    Else they would wait for ever, or read what is meant for others, as in a loop of a shell.
    """
    stdin = sys.stdin
    if stdin is not None and not stdin.closed and stdin.isatty():
        yield
        return
    with Path(os.devnull).open() as empty:
        copy = os.dup(0) if stdin is not None and _number(stdin) == 0 else None
        if copy is not None:
            os.dup2(empty.fileno(), 0)
        sys.stdin = empty
        try:
            yield
        finally:
            sys.stdin = stdin
            if copy is not None:
                os.dup2(copy, 0)
                os.close(copy)


def _number(stream: TextIO) -> int | None:
    """The file descriptor of a stream; None if it has none."""
    try:
        return stream.fileno()
    except (AttributeError, OSError, ValueError):
        return None
