"""A result keeps few curves of decisions, those of the ends among them."""

from typing import Any

import pytest
from decision_blocks import block

from fpbench.evidence.kept_curves import MOST_CURVES, keep_curves
from fpbench.results.decisions import FalseAccepts


def sizes_with_curves(blocks: list[FalseAccepts]) -> list[int]:
    return [one.n_distractors for one in keep_curves(blocks) if one.det is not None]


def make(searched: int, simulated: int, **changes: Any) -> list[FalseAccepts]:
    sizes = [10**place for place in range(searched + simulated)]
    found = ["searched"] * searched + ["simulated"] * simulated
    return [block(n, 0.5, found=how, **changes) for n, how in zip(sizes, found, strict=True)]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_few_sizes_keep_all(count: int) -> None:
    blocks = make(count, 0)
    assert keep_curves(blocks) == blocks


def test_of_many_sizes_the_ends_and_some_between_keep_theirs() -> None:
    assert sizes_with_curves(make(9, 4)) == [1, 10**4, 10**8, 10**12]
    assert sizes_with_curves(make(6, 7)) == [1, 10**4, 10**5, 10**8, 10**12]


def test_a_size_that_was_searched_keeps_no_simulated_curve() -> None:
    compared = block(10**2, 0.5, found="simulated")
    blocks = [*make(3, 0), compared, *make(3, 2)[3:]]
    assert [one.det is None for one in keep_curves(blocks)] == [False, False, False, True] + [
        False
    ] * 2


def test_there_are_never_more_than_the_most() -> None:
    assert all(len(sizes_with_curves(make(n, n))) <= MOST_CURVES for n in range(1, 12))


def test_each_tolerance_keeps_its_own() -> None:
    blocks = [*make(9, 0), *make(9, 0, tolerance_s=0.25)]
    assert len(sizes_with_curves(blocks)) == 2 * len(sizes_with_curves(make(9, 0)))


def test_all_else_stays() -> None:
    (before, after) = make(9, 0)[1], keep_curves(make(9, 0))[1]
    assert after.det is None
    assert after.rejects == before.rejects
