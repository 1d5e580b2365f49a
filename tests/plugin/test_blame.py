"""Whatever goes wrong in a plugin is one error that names it and what it was doing."""

import sys

import pytest

from fpbench import FpbenchError
from fpbench.plugin.blame import blame, translate_errors


def test_an_exception_is_named_with_its_plugin_and_its_cause() -> None:
    with (
        pytest.raises(FpbenchError, match="plugin 'mine' failed while adding up: ZeroDiv") as e,
        blame("mine", "adding up"),
    ):
        1 / 0  # noqa: B018
    assert e.value.hint == "FPBENCH_DEBUG=1 shows where"
    assert isinstance(e.value.__cause__, ZeroDivisionError)


def test_what_the_plugin_explains_itself_is_left_as_it_is() -> None:
    said = FpbenchError("no such mode", hint="take another")
    with pytest.raises(FpbenchError) as e, blame("mine", "creating it"):
        raise said
    assert e.value is said


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_whoever_stops_a_run_is_not_blamed(stop: type[BaseException]) -> None:
    with pytest.raises(stop), blame("mine", "adding up"):
        raise stop


def test_what_a_plugin_prints_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with blame("mine", "talking"):
        print("in")
    print("after")
    assert capsys.readouterr() == ("after\n", "in\n")


def test_a_thread_leaves_stdout_as_it_is() -> None:
    before = sys.stdout
    with translate_errors("generator 'g'", "drawing"):
        assert sys.stdout is before
