"""Points agree with each other, and with the rest of the result."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Document = dict[str, Any]


def point(document: Document) -> Document:
    """HR@1 among ten distractors."""
    first: Document = document["curves"][0]["points"][0]
    return first


def outside_its_interval(document: Document) -> None:
    point(document)["ci"]["low"] = point(document)["value"] + 0.1


def sizes_that_fall(document: Document) -> None:
    document["curves"][0]["points"].reverse()


def longer_queries(document: Document) -> None:
    document["curves"][0]["query_length_s"] = 9.0


def larger_reference(document: Document) -> None:
    point(document)["n_reference"] *= 10


def smaller_reference(document: Document) -> None:
    point(document)["n_reference"] -= 190


def other_hours(document: Document) -> None:
    point(document)["hours"] *= 2


def more_queries(document: Document) -> None:
    document["queries"]["n"] = 100_000


def simulated(document: Document) -> None:
    point(document)["found"] = "simulated"


CONTRADICTIONS = {
    outside_its_interval: "/curves/0/points/0/value is 0.375: it is inside its interval",
    sizes_that_fall: "/curves/0/points is [20, 10]: sizes ascend",
    longer_queries: "/curves/0/query_length_s is 9.0: queries.length_s is 1",
    larger_reference: "/n_reference is 5900: data.reference_fingerprints is 590",
    smaller_reference: "/n_reference is 400: data.reference_fingerprints is 590",
    other_hours: "/curves/0/points/0/hours is 0.16",
    more_queries: "/curves/0/points/0/n_queries is 4: queries.n gives 100000",
    simulated: "/curves/0/points is [10]: config.beyond gives []",
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
