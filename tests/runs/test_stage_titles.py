"""Titles of progress are matched with the stages of a result."""

import pytest

from fpbench.runs.stage_titles import stage_of


@pytest.mark.parametrize(
    ("title", "stage"),
    [
        ("reference", ("fingerprinting", "reference")),
        ("queries of whole tracks", ("fingerprinting", "queries")),
        ("fitting gaussian", ("fitting", "gaussian")),
        ("exact, beyond", ("simulating", "exact")),
        ("exact, beyond, 2.5 s", ("simulating", "exact, 2.5 s")),
        ("queries, 1 s", ("fingerprinting", "queries")),
        ("queries that match nothing, 1 s", ("fingerprinting", "queries that match nothing")),
        ("exact, synthetic, 1 s", None),
        ("ivfpq, 60 distractors", None),
    ],
)
def test_titles_name_stages(title: str, stage: tuple[str, str] | None) -> None:
    assert stage_of(title) == stage
