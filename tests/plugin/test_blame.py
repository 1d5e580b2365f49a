"""An exception in a plugin becomes an error that names the plugin and the action."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from io import StringIO

import pytest

from fpbench import FpbenchError
from fpbench.plugin.blame import blame, translate_errors


def test_an_error_names_the_plugin_and_the_cause() -> None:
    with (
        pytest.raises(FpbenchError, match="plugin 'mine' failed while adding up: ZeroDiv") as e,
        blame("mine", "adding up"),
    ):
        1 / 0  # noqa: B018
    assert e.value.hint == "set FPBENCH_DEBUG=1 to see the traceback"
    assert isinstance(e.value.__cause__, ZeroDivisionError)


def test_an_error_for_the_user_stays_as_it_is() -> None:
    error = FpbenchError("no such mode", hint="take another")
    with pytest.raises(FpbenchError) as e, blame("mine", "creating it"):
        raise error
    assert e.value is error


def test_a_panic_of_rust_is_an_error() -> None:
    class PanicException(BaseException):
        """As that of pyo3, which is no ``Exception``."""

    with (
        pytest.raises(FpbenchError, match="failed while adding up: PanicException: index out"),
        blame("mine", "adding up"),
    ):
        raise PanicException("index out of bounds")


def test_an_interrupt_is_not_turned_into_an_error() -> None:
    with pytest.raises(KeyboardInterrupt), blame("mine", "adding up"):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (lambda: sys.exit(3), "exit status 3"),
        (sys.exit, "exit status 0"),
        (lambda: sys.exit("no checkpoint"), "no checkpoint"),
        (lambda: os._exit(0), "exit status 0"),
        (lambda: ArgumentParser().parse_args(["--unknown"]), "exit status 2"),
    ],
    ids=["status", "plain", "text", "os._exit", "argparse"],
)
def test_an_end_of_the_program_is_an_error(end: Callable[[], object], reason: str) -> None:
    match = f"plugin 'mine' tried to end the program while importing it: {reason}"
    with pytest.raises(FpbenchError, match=match) as e, blame("mine", "importing it"):
        end()
    assert '`if __name__ == "__main__":`' in str(e.value.hint)


def test_a_question_to_the_user_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO())
    with pytest.raises(FpbenchError, match="EOFError") as e, blame("mine", "creating it"):
        input("Download? ")
    assert "ask nothing" in str(e.value.hint)


def test_output_of_a_plugin_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with blame("mine", "talking"):
        print("in")
    print("after")
    assert capsys.readouterr() == ("after\n", "in\n")


def test_translate_errors_does_not_redirect_stdout() -> None:
    before = sys.stdout
    with translate_errors("generator 'g'", "drawing"):
        assert sys.stdout is before
