"""Turns exceptions of plugins into errors that name the plugin."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from fpbench.errors import FpbenchError


@contextmanager
def blame(plugin: str, action: str) -> Iterator[None]:
    """Turn any exception of a plugin into an error that names the plugin and the action.

    Output of the plugin goes to stderr, because stdout is for results. This redirects all threads,
    so use it in the main thread only.
    """
    with redirect_stdout(sys.stderr), translate_errors(f"plugin '{plugin}'", action):
        yield


@contextmanager
def translate_errors(source: str, action: str) -> Iterator[None]:
    """Turn any exception into an error that names its source and the action; for any thread."""
    try:
        yield
    except FpbenchError:
        raise
    except Exception as err:
        raise FpbenchError(
            f"{source} failed while {action}: {type(err).__name__}: {err}",
            hint="set FPBENCH_DEBUG=1 to see the traceback",
        ) from err
