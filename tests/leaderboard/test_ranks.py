"""Paired tests tell neighbours apart that intervals do not, where evidence is at hand."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fpbench.evidence.evidence import Evidence
from fpbench.results.files import read_result
from fpbench_leaderboard.board import Ranking
from fpbench_leaderboard.entries import Entry
from fpbench_leaderboard.sections import make_board

TRACKS = list(range(12))
GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")


@pytest.fixture
def entry(
    write_run: Callable[..., Path], evidence_of: Callable[..., Evidence]
) -> Callable[..., Entry]:
    """A system that finds this many of twelve queries, each of a track of its own."""

    def make(name: str, hits: int) -> Entry:
        evidence = evidence_of([[0] * hits + [1] * (12 - hits)], track=TRACKS)
        system = replace(GOLDEN.fingerprinter, name=name)
        path = write_run(
            name,
            {("exact", "real"): evidence},
            [10],
            [10],
            generator=None,
            fingerprinter=system,
        )
        return Entry(result=read_result(path), path=path, tier="recomputed")

    return make


def ranking(*entries: Entry) -> Ranking:
    (section,) = make_board(entries, "tests").sections
    return section.rankings[0]


def test_a_paired_test_parts_systems_whose_intervals_overlap(
    entry: Callable[..., Entry],
) -> None:
    # b misses six of the twelve queries that a finds, and no other: p = 2^-5. b and c differ in
    # one query, which proves nothing.
    found = ranking(entry("a", 12), entry("b", 5), entry("c", 4))
    assert [(row.rank, row.system) for row in found.rows] == [(1, "a"), (2, "b"), (2, "c")]
    assert found.paired == 2


def test_evidence_that_nobody_compared_with_the_result_is_not_used(
    entry: Callable[..., Entry],
) -> None:
    found = ranking(*(replace(entry(n, h), tier="self-reported") for n, h in (("a", 9), ("b", 5))))
    assert [row.rank for row in found.rows] == [1, 1]
    assert found.paired == 0
    assert ranking(entry("a", 9), entry("b", 2)).paired == 1
