"""Names the plugin in whatever goes wrong in it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from fpbench.errors import FpbenchError


@contextmanager
def blame(plugin: str, doing: str) -> Iterator[None]:
    """Turn whatever a plugin raises into one error that names it and what it was doing.

    What it prints goes to stderr, because stdout belongs to results. That is so for all threads,
    so this is for the main one.
    """
    with redirect_stdout(sys.stderr), translate_errors(f"plugin '{plugin}'", doing):
        yield


@contextmanager
def translate_errors(culprit: str, doing: str) -> Iterator[None]:
    """Turn any exception into one error that names who failed while doing what; for any thread."""
    try:
        yield
    except FpbenchError:
        raise
    except Exception as err:
        raise FpbenchError(
            f"{culprit} failed while {doing}: {type(err).__name__}: {err}",
            hint="FPBENCH_DEBUG=1 shows where",
        ) from err
