"""Turns exceptions of plugins into errors that name the plugin."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from fpbench.errors import FpbenchError
from fpbench.plugin.process_state import separate_state


class PassesBlame(BaseException):
    """What is thrown through a plugin on purpose, and is no failure of it."""


@contextmanager
def blame(plugin: str, action: str) -> Iterator[None]:
    """Turn any exception of a plugin into an error that names the plugin and the action.

    Output of the plugin goes to stderr, because stdout is for results, and what it changes in the
    process counts for itself only: see :mod:`fpbench.plugin.process_state`. Both concern all
    threads, so use it in the main thread only.
    """
    with (
        redirect_stdout(sys.stderr),
        separate_state(plugin),
        translate_errors(f"plugin '{plugin}'", action),
    ):
        yield


@contextmanager
def translate_errors(source: str, action: str) -> Iterator[None]:
    """Turn any exception into an error that names its source and the action; for any thread.

    An exit of the program is one, too, and so is a panic of Rust, which is no ``Exception``. Ctrl-C
    passes.

    Raises:
        FpbenchError: The block raised an exception; an :class:`FpbenchError` stays as it is.
    """
    try:
        yield
    except (FpbenchError, KeyboardInterrupt, GeneratorExit, PassesBlame):
        raise
    except SystemExit as end:
        raise FpbenchError(
            f"{source} tried to end the program while {action}: {_reason(end)}",
            hint="guard code that is only for scripts, such as argparse, with "
            '`if __name__ == "__main__":`, and raise an exception for an error',
        ) from end
    except BaseException as err:
        no_input = isinstance(err, EOFError) and "reading a line" in str(err)  # from input()
        raise FpbenchError(
            f"{source} failed while {action}: {type(err).__name__}: {err}",
            hint="let the plugin ask nothing: fpbench passes options with --set KEY=VALUE"
            if no_input
            else "set FPBENCH_DEBUG=1 to see the traceback",
        ) from err


def _reason(end: SystemExit) -> str:
    if isinstance(end.code, str):
        return end.code
    return f"exit status {end.code or 0}"
