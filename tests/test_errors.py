"""The one exception for users carries a message and an instruction."""

import pickle

from fpbench import FpbenchError


def test_the_message_is_what_is_shown() -> None:
    error = FpbenchError("no such file", hint="check the path")
    assert (str(error), error.message, error.hint) == ("no such file",) * 2 + ("check the path",)


def test_a_hint_may_be_left_out() -> None:
    assert FpbenchError("no such file").hint is None


def test_it_survives_the_way_from_another_process() -> None:
    error = pickle.loads(pickle.dumps(FpbenchError("no such file", hint="check the path")))
    assert (error.message, error.hint) == ("no such file", "check the path")
