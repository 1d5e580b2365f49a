"""An index that answers what no index may answer is named, with the rule that it breaks."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from fpbench import Candidates, FpbenchError
from fpbench.plugin.checked import search_checked

SHAPE, ROWS = (3, 2), 10


def good() -> Candidates:
    ids = np.array([[0, 9], [4, -1], [-1, -1]], dtype=np.int64)
    keys = np.where(ids < 0, np.inf, 0).astype(np.float32)
    return Candidates(ids, keys, -keys)


def but(**changes: object) -> Candidates:
    """Made as a plugin makes it: the tests' own checks of shapes would refuse it."""
    answer, parts = object.__new__(Candidates), dataclasses.asdict(good()) | changes
    for name, part in parts.items():
        object.__setattr__(answer, name, part)
    return answer


def raising() -> Candidates:
    raise ZeroDivisionError("no norm")


def test_a_good_answer_passes_and_what_it_prints_is_no_result(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def ask() -> Candidates:
        print("searching")
        return good()

    assert search_checked(ask, "x", shape=SHAPE, rows=ROWS).ids[0, 1] == 9
    assert capsys.readouterr() == ("", "searching\n")


@pytest.mark.parametrize(
    ("ask", "rule"),
    [
        pytest.param(lambda: good().ids, "answers are Candidates, not ndarray", id="array"),
        pytest.param(lambda: but(ids=[[0, 1]]), "ids are a NumPy array, not list", id="list"),
        pytest.param(
            lambda: but(scores=np.zeros(SHAPE)),
            r"scores are float32 \(3, 2\), not float64 \(3, 2\)",
            id="dtype",
        ),
        pytest.param(
            lambda: but(keys=np.zeros((3, 1), dtype=np.float32)),
            r"keys are float32 \(3, 2\), not float32 \(3, 1\)",
            id="shape",
        ),
        pytest.param(
            lambda: but(ids=np.full(SHAPE, 10)), "0 to 9, or -1, not 10 to 10", id="beyond"
        ),
        pytest.param(
            lambda: but(ids=np.full(SHAPE, -2)), "0 to 9, or -1, not -2 to -2", id="before"
        ),
        pytest.param(
            lambda: but(scores=np.full(SHAPE, np.nan, dtype=np.float32)), "not NaN", id="nan"
        ),
        pytest.param(raising, "failed while searching 10 rows: ZeroDivisionError", id="raises"),
    ],
)
def test_a_broken_answer_is_blamed_by_name(ask: Callable[[], Candidates], rule: str) -> None:
    with pytest.raises(FpbenchError, match=f"plugin 'x' .*{rule}"):
        search_checked(ask, "x", shape=SHAPE, rows=ROWS)
