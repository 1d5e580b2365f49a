"""A section ranks one search at the size that most systems share, each system once."""

import dataclasses
import itertools
import json
from collections.abc import Callable

import pytest

from fpbench.results.data import TaskInfo
from fpbench.results.document import Result
from fpbench_leaderboard.board import Board, Ranking, board_json
from fpbench_leaderboard.entries import Entry
from fpbench_leaderboard.flat import board_records
from fpbench_leaderboard.sections import make_board

Named = Callable[..., Result]
Rank = Callable[..., Ranking]


@pytest.fixture
def ranking(board_of: Callable[..., Board]) -> Callable[..., Ranking]:
    def only(*results: Result, **wanted: object) -> Ranking:
        (section,) = board_of(*results, **wanted).sections
        (found,) = section.rankings
        return found

    return only


def places(found: Ranking) -> list[tuple[int | None, str]]:
    return [(row.rank, row.system) for row in found.rows]


def test_systems_are_ranked_at_the_largest_size_that_most_share(
    named: Named, ranking: Rank
) -> None:
    found = ranking(
        named("crumbles", {1000: 0.9, 10_000: 0.2}),
        named("stands", {1000: 0.6, 10_000: 0.5, 10**9: 0.5}),
        named("small", {1000: 0.95}),
    )
    assert found.n_distractors == 10_000
    assert places(found) == [(1, "stands"), (2, "crumbles"), (None, "small")]


def test_overlapping_intervals_share_a_rank(named: Named, ranking: Rank) -> None:
    values = {"a": 0.9, "b": 0.82, "c": 0.74, "d": 0.5}
    found = ranking(*(named(name, {1000: value}) for name, value in values.items()))
    # c overlaps b, but not a, which shares the rank of b; intervals are 0.05 to each side.
    assert places(found) == [(1, "a"), (1, "b"), (3, "c"), (4, "d")]


def test_a_system_has_one_row_with_its_best_configuration(named: Named, ranking: Rank) -> None:
    slow, fast = named("nafp", {1000: 0.6}), named("nafp", {1000: 0.7})
    half = dataclasses.replace(fast.fingerprinter, dtype="bfloat16")
    found = ranking(slow, dataclasses.replace(fast, fingerprinter=half))
    (row,) = found.rows
    assert (row.rates[0].value, row.configuration[:8]) == (0.7, "bfloat16")


def test_a_namesake_of_another_distribution_is_another_system(named: Named, ranking: Rank) -> None:
    ours, theirs = named("nafp", {1000: 0.6}), named("nafp", {1000: 0.9})
    other = dataclasses.replace(theirs.fingerprinter, distribution="fpbench-evil")
    found = ranking(ours, dataclasses.replace(theirs, fingerprinter=other))
    own = ours.fingerprinter.distribution
    assert [row.system for row in found.rows] == ["nafp of fpbench-evil", f"nafp of {own}"]


def test_real_and_synthetic_distractors_are_not_ranked_together(
    named: Named, ranking: Rank
) -> None:
    real = named("a", {1000: 0.9})
    curve = dataclasses.replace(named("b", {1000: 0.8}).curves[0], distractors="synthetic")
    both = dataclasses.replace(named("b", {}), curves=[*named("b", {1000: 0.7}).curves, curve])
    found = ranking(real, both)
    assert (found.search.distractors, len(found.rows)) == ("real", 2)
    other = ranking(real, both, distractors="synthetic")
    assert [row.system for row in other.rows] == ["b"]
    (table,) = other.tables
    values = {row.system: [rate and rate.value for rate in row.rates] for row in table.rows}
    assert values == {"a": [0.9, None], "b": [0.7, 0.8]}


def test_a_task_has_a_section_of_its_own_before_free_runs(
    named: Named, board_of: Callable[..., Board]
) -> None:
    free = named("a", {1000: 0.9})
    task = TaskInfo(name="t-v1", version=1, content="1", data=None, queries=None)
    of_task = dataclasses.replace(named("b", {1000: 0.5}), task=task)
    sections = board_of(free, of_task).sections
    assert [(s.task, len(s.rankings[0].rows)) for s in sections] == [("t-v1", 1), (None, 1)]


def test_the_board_does_not_depend_on_the_order_of_results(named: Named) -> None:
    entries = [Entry(result=named(name, {1000: value})) for name, value in (("a", 0.5), ("b", 0.5))]
    texts = {board_json(make_board(one, "tests")) for one in itertools.permutations(entries)}
    (text,) = texts
    assert json.loads(text)["format"] == "fpbench leaderboard 1"


def test_each_length_of_a_protocols_queries_has_a_section(
    named: Named, board_of: Callable[..., Board]
) -> None:
    one = named("a", {1000: 0.5})
    longer = dataclasses.replace(one.curves[0], query_length_s=5.0)
    both = dataclasses.replace(one, curves=[*one.curves, longer])
    sections = board_of(both).sections
    assert [section.query_length_s for section in sections] == [1.0, 5.0]
    assert [len(section.rankings) for section in sections] == [1, 1]
    records = board_records(board_of(both))
    assert [record["query_length_s"] for record in records] == [1.0, 5.0]
