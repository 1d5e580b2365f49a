"""Intervals are over groups, hold no chance, and say nothing of fewer than five groups."""

import numpy as np
import pytest

from fpbench.evidence.intervals import (
    BOUNDS,
    JACKKNIFE,
    KORN_GRAUBARD,
    NONE,
    bounds_of_groups,
    difference_interval,
    rate_interval,
    widen,
)


def queries_of(hits: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Hits and groups of queries, from the hits and the number of queries of each group."""
    found = np.concatenate([np.arange(n) < k for k, n in hits]).astype(np.int64)
    return found, np.repeat(np.arange(len(hits)), [n for _, n in hits])


@pytest.mark.parametrize(
    ("hits", "low", "high"),
    [
        # Clopper and Pearson for five of five, not fifty of fifty: 0.025 ** (1 / 5).
        pytest.param([[10, 10]] * 5, 0.4782, 1.0, id="all"),
        pytest.param([[0, 10]] * 5, 0.0, 1 - 0.4782, id="none"),
        # Ten groups that are each all or nothing are ten queries. Their variance is 0.25 / 9, so
        # the design effect of 100 queries is 100 / 9; (1.984 / 2.262)^2 of nine are 6.924. The
        # ends are from a numerical integral of the density of Beta(3.462, 4.462).
        pytest.param([[10, 10], [0, 10]] * 5, 0.1374, 0.8626, id="agreeing"),
    ],
)
def test_an_interval_is_that_of_as_many_independent_queries(
    hits: list[list[int]], low: float, high: float
) -> None:
    found = rate_interval(queries_of(hits)[0], 1, queries_of(hits)[1])
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)
    assert found.method == KORN_GRAUBARD


def test_groups_that_do_not_matter_leave_about_the_interval_of_the_queries() -> None:
    # 500 of 1000: 46.85 to 53.15 by Clopper and Pearson; t of 99 instead of 999 degrees widens it.
    found = rate_interval(*_with_one_repeat([[5, 10]] * 100))
    assert (found.low, found.high) == pytest.approx((0.4685, 0.5315), abs=1e-3)


def test_repeats_and_simulated_hits_are_rates() -> None:
    hits, group = queries_of([[7, 10], [3, 10], [9, 10], [5, 10], [2, 10], [6, 10]])
    assert rate_interval(hits * 2**20, 2**20, group) == rate_interval(hits, 1, group)
    above = rate_interval(hits * 0 + 2**20 + 5, 2**20, group)  # a simulated rate just above 1
    assert above == rate_interval(hits * 0 + 1, 1, group)


def test_fewer_than_five_groups_have_no_interval() -> None:
    hits, group = queries_of([[27, 40]] * 4)
    assert rate_interval(hits, 1, group) == (0, 1, NONE)
    assert difference_interval(hits, 1, group) == (-1, 1, NONE)


def test_a_difference_has_the_error_of_a_jackknife() -> None:
    # Of equal groups it is the standard error of their mean: 0.1 * sqrt(10 / 9) / sqrt(10), and
    # 2.262 is the quantile of Student's t.
    differences, group = queries_of([[4, 10], [6, 10]] * 5)
    found = difference_interval(differences, 1, group)
    half = 2.262 * 0.1 / 3
    assert (found.low, found.high) == pytest.approx((0.5 - half, 0.5 + half), abs=1e-4)
    assert found.method == JACKKNIFE
    mirrored = difference_interval(-differences, 1, group)
    assert (mirrored.low, mirrored.high) == (-found.high, -found.low)


def test_an_equal_difference_in_every_group_may_be_another_in_others() -> None:
    # Of ten groups, 31 % may be unlike them.
    low, high = bounds_of_groups(np.zeros(10), 0.95, (-1.0, 1.0))
    assert (low, high) == pytest.approx((-0.3085, 0.3085), abs=1e-4)
    same = difference_interval(np.zeros(10, dtype=np.int64), 1, np.arange(10))
    assert same == (low, high, BOUNDS)


def test_an_interval_needs_queries() -> None:
    none = np.empty(0, dtype=np.int64)
    with pytest.raises(ValueError, match="there are no queries"):
        rate_interval(none, 1, none)


def _with_one_repeat(hits: list[list[int]]) -> tuple[np.ndarray, int, np.ndarray]:
    found, group = queries_of(hits)
    return found, 1, group


def test_an_error_is_added_in_quadrature_on_each_side_up_to_the_limits() -> None:
    assert widen(0.5, 0.03, 0.0, 0.04) == pytest.approx((0.45, 0.54))
    assert widen(0.02, 0.03, 0.97, 0.5) == (0.0, 1.0)
    assert widen(-0.9, 0.03, 0.0, 0.04, (-1.0, 1.0)) == pytest.approx((-0.95, -0.86))
