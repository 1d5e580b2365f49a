"""Queries are those of the recipe, and as many as the evidence has."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fpbench.evidence.evidence import Evidence

Document = dict[str, Any]


def more_queries_everywhere(document: Document) -> None:
    document["queries"]["n"] = 100_000
    for curve in document["curves"]:
        for each in curve["points"]:
            each["n_queries"] = 100_000


def more_queries_in_the_recipe(document: Document) -> None:
    document["queries"]["recipe"]["n_queries"] = 100_000


def more_queries_in_the_config(document: Document) -> None:
    document["config"]["recipe"]["n_queries"] = 100_000


def louder_noise(document: Document) -> None:
    document["queries"]["recipe"]["degradations"] = [{"name": "noise", "max_snr_db": "0"}]


def no_recipe(document: Document) -> None:
    del document["config"]["recipe"]


def other_tracks(document: Document) -> None:
    document["queries"]["tracks"] += 1


CONTRADICTIONS = {
    more_queries_everywhere: "/queries/n is 100000: config.recipe gives 4",
    more_queries_in_the_recipe: "/queries/recipe/n_queries is 100000: config.recipe gives 4",
    more_queries_in_the_config: "/queries/n is 4: config.recipe gives 100000",
    louder_noise: '/queries/recipe/degradations is [{"max_snr_db": "0", "name": "noise"}]',
    no_recipe: "/config/recipe is null: it is a table",
    other_tracks: "/queries/tracks is 3: the evidence gives 2",
}


@pytest.mark.parametrize(
    ("change", "text"), CONTRADICTIONS.items(), ids=[c.__name__ for c in CONTRADICTIONS]
)
def test_a_contradiction_is_found(
    result: Path,
    alter: Callable[..., None],
    problems: Callable[[Path], str],
    change: Callable[[Document], None],
    text: str,
) -> None:
    alter(result, change)
    assert text in problems(result)


def test_the_number_of_groups_is_that_of_the_evidence(
    write_run: Callable[..., Path],
    evidence: Evidence,
    alter: Callable[..., None],
    problems: Callable[[Path], str],
) -> None:
    grouped = replace(evidence, query_group=evidence.query_track * 0)
    path = write_run("g", {("exact", "real"): grouped}, [10, 20], [20], generator=None)
    assert problems(path) == "/queries/groups is null: the evidence gives 1"

    def one(document: Document) -> None:
        document["queries"]["groups"] = 1

    alter(path, one)
    assert problems(path) == ""

    def more(document: Document) -> None:
        document["queries"]["groups"] = 2

    alter(path, more)
    assert problems(path) == "/queries/groups is 2: the evidence gives 1"
