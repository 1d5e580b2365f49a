"""FpbenchError carries a message and a hint."""

import pickle

import pytest

from fpbench import FpbenchError
from fpbench.errors import ErrorCollector


def test_its_text_is_the_message() -> None:
    error = FpbenchError("no such file", hint="check the path")
    assert (str(error), error.message, error.hint) == ("no such file",) * 2 + ("check the path",)


def test_a_hint_may_be_left_out() -> None:
    assert FpbenchError("no such file").hint is None


def test_it_can_be_pickled() -> None:
    error = pickle.loads(pickle.dumps(FpbenchError("no such file", hint="check the path")))
    assert (error.message, error.hint) == ("no such file", "check the path")


def collect(*messages: str) -> ErrorCollector:
    errors = ErrorCollector()
    for message in messages:
        with errors.collect():
            raise FpbenchError(message, hint="run it again")
    return errors


def test_the_only_error_is_raised_as_it_is() -> None:
    with pytest.raises(FpbenchError, match=r"^a\.json is cut") as err:
        collect("a.json is cut").raise_all()
    assert err.value.hint == "run it again"


def test_several_errors_are_listed_with_each_hint_once() -> None:
    with pytest.raises(FpbenchError) as err:
        collect("a.json is cut", "b.json is cut").raise_all()
    assert err.value.message == "2 files have errors:\n  a.json is cut\n  b.json is cut"
    assert err.value.hint == "run it again"


def test_no_error_raises_nothing() -> None:
    collect().raise_all()
