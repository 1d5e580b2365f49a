"""What an index loses is paired with exact search, query by query and database by database."""

from collections.abc import Callable
from typing import Any

from fpbench.evidence.gaps import SearchedSizes
from fpbench.evidence.index_losses import index_losses

TRACKS = [0, 1, 2, 3, 4, 5]


def sides(evidence_of: Callable[..., Any], lost: int) -> tuple[SearchedSizes, SearchedSizes]:
    """Exact search that finds all queries, and an index that misses the first so many of them."""
    exact = evidence_of([[0] * 6] * 2, track=TRACKS)
    other = evidence_of([[None] * lost + [0] * (6 - lost)] * 2, track=TRACKS)
    return SearchedSizes(exact, [10, 20]), SearchedSizes(other, [10, 20])


def test_a_lost_query_costs_its_share(evidence_of: Callable[..., Any]) -> None:
    exact, other = sides(evidence_of, 3)
    found = list(index_losses(exact, other, index="ivf", distractors="real", tolerance_s=0.25))
    assert [(one.n_distractors, one.metric) for one in found] == [
        (size, metric) for size in (10, 20) for metric in ("hr@1", "hr@3", "hr@10")
    ]
    for one in found:
        assert one.value == -0.5
        assert -1 <= one.low < -0.5 < one.high < 0.1
    assert [one.databases for one in found[::3]] == [2, 1]


def test_an_index_that_finds_the_same_loses_nothing(evidence_of: Callable[..., Any]) -> None:
    exact, other = sides(evidence_of, 0)
    found = index_losses(exact, other, index="ivf", distractors="real", tolerance_s=0.25)
    assert {one.value for one in found} == {0.0}


def test_only_sizes_of_both_are_compared(evidence_of: Callable[..., Any]) -> None:
    exact, other = sides(evidence_of, 1)
    smaller = SearchedSizes(other.evidence, [10])
    found = index_losses(exact, smaller, index="ivf", distractors="real", tolerance_s=0.25)
    assert {one.n_distractors for one in found} == {10}
    none = SearchedSizes(other.evidence, [])
    found = index_losses(exact, none, index="ivf", distractors="real", tolerance_s=0.25)
    assert list(found) == []
