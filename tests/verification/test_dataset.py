"""Fingerprints, hours, tracks and hop of the dataset fit together."""

from collections.abc import Callable
from pathlib import Path

import pytest

CONTRADICTIONS = [
    pytest.param(("data.name", "folder:other", 'the config gives "folder:music"'), id="name"),
    pytest.param(
        ("data.reference_hours", 10.0, "data.reference_fingerprints are 0.0819444 hours"),
        id="hours",
    ),
    pytest.param(
        ("data.distractor_hours", 0.0001, "data.distractor_fingerprints are 0.00277778 hours"),
        id="too few hours",
    ),
    pytest.param(
        ("data.reference_silent_hours", 10.0, "data.reference_hours is 0.0833"), id="silence"
    ),
    pytest.param(
        ("data.distractor_tracks", 1000000, "data.distractor_fingerprints is 20"), id="tracks"
    ),
    pytest.param(
        ("data.distractor_fingerprints", 1000000, "the real curves end at 20"), id="fingerprints"
    ),
]


@pytest.mark.parametrize("lie", CONTRADICTIONS)
def test_numbers_that_are_impossible_together_are_found(
    result: Path,
    problems_with: Callable[[Path, str, object], str],
    lie: tuple[str, object, str],
) -> None:
    field, value, rule = lie
    found = problems_with(result, field, value)
    assert f"/{field.replace('.', '/')}" in found
    assert rule in found
