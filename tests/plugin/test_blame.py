"""An exception in a plugin becomes an error that names the plugin and the action."""

import sys

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


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_not_turned_into_an_error(stop: type[BaseException]) -> None:
    with pytest.raises(stop), blame("mine", "adding up"):
        raise stop


def test_output_of_a_plugin_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with blame("mine", "talking"):
        print("in")
    print("after")
    assert capsys.readouterr() == ("after\n", "in\n")


def test_translate_errors_does_not_redirect_stdout() -> None:
    before = sys.stdout
    with translate_errors("generator 'g'", "drawing"):
        assert sys.stdout is before
