"""FpbenchError carries a message and a hint."""

import pickle

from fpbench import FpbenchError


def test_its_text_is_the_message() -> None:
    error = FpbenchError("no such file", hint="check the path")
    assert (str(error), error.message, error.hint) == ("no such file",) * 2 + ("check the path",)


def test_a_hint_may_be_left_out() -> None:
    assert FpbenchError("no such file").hint is None


def test_it_can_be_pickled() -> None:
    error = pickle.loads(pickle.dumps(FpbenchError("no such file", hint="check the path")))
    assert (error.message, error.hint) == ("no such file", "check the path")
