"""Several systems against the best of them, chosen by hits that are worked out by hand."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fpbench import FpbenchError
from fpbench.evidence.evidence import Evidence
from fpbench.results.files import read_result
from fpbench.review.best_system import ChosenPoint, Standings, standings_against_best
from fpbench.review.comparison import compare_results
from fpbench.review.comparison_tables import make_comparisons

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
# How many distractors of two blocks of ten score above the match of each of eight queries.
RANKS = {
    "a": ([0] * 8, [3] * 8),
    "b": ([4] + [0] * 7, [0] * 8),
    "c": ([1] * 8, [1] * 8),
}

Write = Callable[..., Path]


@pytest.fixture
def write(write_run: Callable[..., Path], evidence_of: Callable[..., Evidence]) -> Write:
    """Writes a result with real distractors and eight queries, each of a track of its own."""

    def write(name: str, groups: list[int] | None = None) -> Path:
        evidence = evidence_of(RANKS[name], track=range(8))
        known = None if groups is None else np.array(groups)
        number = None if groups is None else len(set(groups))
        return write_run(
            name,
            {("exact", "real"): replace(evidence, query_group=known)},
            [10, 20],
            [10, 20],
            generator=None,
            fingerprinter=replace(GOLDEN.fingerprinter, name=name),
            queries=replace(GOLDEN.queries, tracks=8, groups=number),
        )

    return write


def best_of(table: Standings) -> dict[tuple[str, int], tuple[str, float]]:
    return {
        (row.metric, row.points[row.best].n_distractors): (table.names[row.best], row.rate)
        for row in table.rows
    }


def test_the_best_is_chosen_at_each_size_and_metric(write: Write) -> None:
    (table,) = standings_against_best(compare_results([*map(write, "abc")], 0.95))
    assert table.names == ["a", "b", "c"]
    assert best_of(table) == {
        ("hr@1", 10): ("b", 15 / 16),
        ("hr@1", 20): ("b", 7 / 8),
        ("hr@3", 10): ("c", 1.0),
        ("hr@3", 20): ("c", 1.0),
        ("hr@10", 10): ("a", 1.0),  # of equal ones, the first
        ("hr@10", 20): ("a", 1.0),
    }
    at_10 = table.rows[0].differences
    assert {table.names[n]: d.value for n, d in at_10.items()} == {
        "a": 8 / 16 - 15 / 16,
        "c": 0 - 15 / 16,
    }
    assert all(d.rates[1] == 15 / 16 for d in at_10.values())


def test_the_best_at_one_point_is_compared_everywhere(write: Write) -> None:
    comparisons = compare_results([*map(write, "abc")], 0.95)
    (table,) = standings_against_best(comparisons, ChosenPoint.parse("hr@3,20,0.25"))
    assert {name for name, _ in best_of(table).values()} == {"c"}
    assert table.chosen == "HR@3 ±0.25 s among 20"
    assert {n: d.value for n, d in table.rows[0].differences.items()} == {0: 8 / 16, 1: 15 / 16}


def test_p_values_are_corrected_for_all_pairs_because_the_best_was_chosen(write: Write) -> None:
    paths = [*map(write, "abc")]
    found, every = (make_comparisons(paths, 0.95, pairs=pairs) for pairs in ("best", "all"))
    # Three pairs, two sizes and three metrics; all eight tracks agree in 2 of 256 sign patterns.
    assert found.tests == every.tests == 18
    assert min(record["p_value"] for record in found.records()) == pytest.approx(18 / 128)
    assert (len(found.records()), len(every.records())) == (12, 18)
    assert "12 of 18 in all" in " ".join(repr(found).split())


def test_two_systems_are_shown_as_a_pair(write: Write) -> None:
    paths = [write("a"), write("b")]
    assert repr(make_comparisons(paths, 0.95)) == repr(make_comparisons(paths, 0.95, pairs="all"))


def test_groups_that_one_result_knows_hold_for_all_pairs(write: Write) -> None:
    groups = [0, 0, 1, 1, 2, 2, 3, 3]
    found = compare_results([write("a"), write("b"), write("c", groups)], 0.95)
    assert [one.queries.groups for one in found] == [4, 4, 4]
    assert {(d.low, d.high) for one in found for d in one.differences} == {(-1.0, 1.0)}


def test_a_point_that_no_result_has_is_refused(write: Write) -> None:
    comparisons = compare_results([*map(write, "abc")], 0.95)
    with pytest.raises(FpbenchError, match="no two results have the point HR@1 track among 20"):
        standings_against_best(comparisons, ChosenPoint.parse("hr@1,20,track"))


@pytest.mark.parametrize("text", ["hr@1", "hr@1,many,0.25", "hr@1,1M,near", "hr@1,1k,2k,0.25"])
def test_what_is_no_point_is_refused(text: str) -> None:
    with pytest.raises(FpbenchError, match="is no point of a curve"):
        ChosenPoint.parse(text)


def test_a_chosen_point_needs_the_best(write: Write) -> None:
    paths = [*map(write, "abc")]
    with pytest.raises(FpbenchError, match="with pairs 'all' no best system is chosen"):
        make_comparisons(paths, 0.95, pairs="all", best_at="hr@1,20,0.25")
