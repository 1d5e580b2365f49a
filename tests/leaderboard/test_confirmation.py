"""A result of somebody else confirms another one, or a newer one of its own takes its place."""

import dataclasses
from collections.abc import Callable

import pytest

from fpbench.results.data import TaskInfo
from fpbench.results.document import Result
from fpbench.results.files import identify
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
    old = submitted(named("a", {10: 0.8}), "ann", "author")
    unnamed = named("a", {10: 0.9})
    ids = [identify(old), identify(unnamed)]

    def left(name: str, who: str, relation: str) -> list[Result]:
        newer = submitted(named(name, {10: 0.7}), who, relation, supersedes=ids)
        found = drop_superseded([Entry(result=result) for result in (old, unnamed, newer)])
        return [entry.result for entry in found][:-1]

    assert left("a", "ann", "author") == [unnamed]
    assert left("a", "eve", "maintainer") == [old]
    assert left("a", "bob", "independent") == [old, unnamed]
    assert left("b", "ann", "author") == [old, unnamed]
