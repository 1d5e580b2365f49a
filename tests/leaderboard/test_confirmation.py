"""A result of somebody else confirms another one, or a newer one of its own takes its place."""

import dataclasses
from collections.abc import Callable

import pytest

from fpbench.results.data import TaskInfo
from fpbench.results.document import Result
from fpbench.results.provenance import Provenance
from fpbench_leaderboard.confirmation import drop_superseded, mark_reproduced
from fpbench_leaderboard.entries import Entry

Named = Callable[..., Result]
TASK = TaskInfo(name="t-v1", version=1, content="1", data=None, queries=None)


def submitted(result: Result, who: str, relation: str, **changes: object) -> Result:
    """The result as somebody submits it for a task."""
    supersedes = changes.pop("supersedes", ())
    provenance = Provenance(submitter=who, relation=relation, supersedes=supersedes)
    return dataclasses.replace(result, task=TASK, provenance=provenance, **changes)


def tiers(first: Result, again: Result, tier: str = "recomputed") -> list[str]:
    entries = [Entry(result=first), Entry(result=again, tier=tier)]
    return [entry.tier for entry in mark_reproduced(entries)]


def test_an_independent_result_that_agrees_makes_a_result_reproduced(named: Named) -> None:
    first = submitted(named("a", {10: 0.8, 20: 0.5}), "ann", "author")
    again = named("a", {10: 0.81, 20: 0.53})
    assert tiers(first, submitted(again, "bob", "independent")) == ["reproduced", "recomputed"]
    # The other way round, the evidence of the first is missing.
    assert tiers(first, submitted(again, "bob", "independent"), "self-reported") == [
        "self-reported",
        "self-reported",
    ]


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(lambda n: submitted(n("a", {10: 0.8}), "ANN", "independent"), id="same"),
        pytest.param(lambda n: submitted(n("a", {10: 0.8}), "bob", "author"), id="authors"),
        pytest.param(lambda n: submitted(n("a", {10: 0.6}), "bob", "independent"), id="differs"),
        pytest.param(lambda n: submitted(n("a", {20: 0.8}), "bob", "independent"), id="sizes"),
        pytest.param(lambda n: submitted(n("b", {10: 0.8}), "bob", "independent"), id="system"),
        pytest.param(
            lambda n: dataclasses.replace(
                submitted(n("a", {10: 0.8}), "bob", "independent"), task=None
            ),
            id="free",
        ),
        pytest.param(lambda n: n("a", {10: 0.8}, task=TASK), id="nobody"),
    ],
)
def test_no_other_result_does(named: Named, again: Callable[[Named], Result]) -> None:
    first = submitted(named("a", {10: 0.8}), "ann", "author")
    assert tiers(first, again(named))[0] == "self-reported"


def test_a_newer_result_takes_the_place_of_ones_own_only(named: Named) -> None:
    old = submitted(named("a", {10: 0.8}), "ann", "author", result_id="1" * 64)
    unnamed = named("a", {10: 0.8}, result_id="2" * 64)
    both = ("1" * 64, "2" * 64)
    newer = submitted(named("a", {10: 0.7}), "ann", "author", supersedes=both)
    assert old.result_id not in left(old, unnamed, newer)
    assert unnamed.result_id in left(old, unnamed, newer)
    cleared = submitted(named("a", {10: 0.7}), "eve", "maintainer", supersedes=both)
    assert left(old, unnamed, cleared) == [old.result_id, None]
    other = submitted(named("b", {10: 0.7}), "ann", "author", supersedes=both)
    assert old.result_id in left(old, unnamed, other)


def left(*results: Result) -> list[str | None]:
    entries = drop_superseded([Entry(result=result) for result in results])
    return [entry.result.result_id for entry in entries]
