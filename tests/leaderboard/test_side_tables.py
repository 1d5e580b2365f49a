"""Small tables compare rates of one result, where one has them."""

import dataclasses
from collections.abc import Callable

from fpbench.results.document import Result
from fpbench_leaderboard.board import Board, SideTable

BoardOf = Callable[..., Board]
Named = Callable[..., Result]


def result_with(
    named: Named, real: dict[int, float], synthetic: dict[int, float], index: str = "exact"
) -> Result:
    """A result of one system with a real curve, if it has points, and a synthetic one."""
    (curve,) = named("b", synthetic).curves
    drawn = dataclasses.replace(curve, distractors="synthetic", index=index)
    curves = [*named("b", real).curves, drawn] if real else [drawn]
    return dataclasses.replace(named("b", {}), curves=curves)


def only_table(board_of: BoardOf, *results: Result) -> SideTable:
    """The one small table of a ranking among synthetic distractors."""
    (section,) = board_of(*results, distractors="synthetic", index="exact").sections
    (ranking,) = section.rankings
    (table,) = ranking.tables
    return table


def rates(table: SideTable) -> list[float | None]:
    (row,) = table.rows
    return [None if rate is None else rate.value for rate in row.rates]


def test_real_and_synthetic_rates_and_their_gap_are_of_one_result(
    named: Named, board_of: BoardOf
) -> None:
    only_real = result_with(named, {1000: 0.9, 5000: 0.8}, {10_000: 0.5})
    both = result_with(named, {1000: 0.7}, {1000: 0.75, 10_000: 0.6})
    table = only_table(board_of, only_real, both)
    assert rates(table) == [0.7, 0.75]
    (gap,) = (row.gap for row in table.rows)
    assert gap is not None
    assert (gap.n_distractors, round(gap.value, 9)) == (1000, 0.05)


def test_rates_of_two_results_have_no_gap(named: Named, board_of: BoardOf) -> None:
    only_real = result_with(named, {1000: 0.9}, {10_000: 0.5})
    only_synthetic = result_with(named, {}, {1000: 0.75, 10_000: 0.6})
    table = only_table(board_of, only_real, only_synthetic)
    assert rates(table) == [0.9, 0.75]
    assert [row.gap for row in table.rows] == [None]


def test_indexes_are_compared_within_one_result(named: Named, board_of: BoardOf) -> None:
    better = result_with(named, {}, {1000: 0.9})
    exact = result_with(named, {}, {1000: 0.8})
    (other,) = result_with(named, {}, {1000: 0.7}, "ivfpq").curves
    two = dataclasses.replace(exact, curves=[*exact.curves, other])
    table = only_table(board_of, better, two)
    assert dict(zip(table.columns, rates(table), strict=True)) == {"exact": 0.8, "ivfpq": 0.7}
