"""A problem names place, value and rule in one printable line."""

from dataclasses import dataclass

import pytest

from fpbench.verification.problems import (
    Problem,
    compare,
    compare_listed,
    is_equal,
    join_pointer,
    show_value,
)


@dataclass(frozen=True, kw_only=True)
class Block:
    size: int
    rates: tuple[float, ...]


def lines(problems: object) -> list[str]:
    assert hasattr(problems, "__iter__")
    return [str(problem) for problem in problems]


def test_a_problem_is_one_line() -> None:
    problem = Problem(pointer="/a", value="x\ny\u202e\x1b", rule="it is a name")
    assert str(problem) == r'/a is "x\ny\u202e\u001b": it is a name'


def test_a_long_value_is_cut() -> None:
    assert show_value(["x" * 1000]) == '["' + "x" * 78 + " ..."


def test_a_pointer_escapes_slashes_and_tildes() -> None:
    assert join_pointer("/config", "a/b~c") == "/config/a~1b~0c"


def test_every_part_that_differs_is_a_problem() -> None:
    assert lines(compare("/x", {"a": 1, "b": [1, 2]}, {"a": 2, "b": [1, 3], "c": None})) == [
        "/x/a is 1: the evidence gives 2",
        "/x/b/1 is 2: the evidence gives 3",
    ]
    assert lines(compare("/x", [1], [1, 2], "config")) == ["/x is [1]: config gives [1, 2]"]


@pytest.mark.parametrize(
    ("value", "expected", "equal"),
    [
        pytest.param(0.1, 0.1 + 1e-12, True, id="rounding"),
        pytest.param(0.1, 0.1001, False, id="another number"),
        pytest.param(True, 1, False, id="true is not 1"),
        pytest.param(1, 1.0, True, id="a whole number"),
        pytest.param(None, 0, False, id="nothing is not 0"),
    ],
)
def test_numbers_are_equal_but_for_rounding(value: object, expected: object, equal: bool) -> None:
    assert is_equal(value, expected) == equal


def test_blocks_are_missing_invented_repeated_or_other() -> None:
    right = [Block(size=size, rates=(0.5, 0.75)) for size in (1, 2)]
    listed = [Block(size=1, rates=(0.5, 0.8)), Block(size=3, rates=()), right[0]]
    found = lines(compare_listed("/l", dict(enumerate(listed)), right, lambda block: block.size))
    assert found == [
        "/l/0 is 1: it is listed more than once",
        "/l/0/rates/1 is 0.8: the evidence gives 0.75",
        "/l/1 is 3: the evidence gives no such block",
        "/l/2 is 1: it is listed more than once",
        "/l is null: the evidence gives 2, which is missing",
    ]
    assert lines(compare_listed("/l", dict(enumerate(right)), right, lambda b: b.size)) == []
