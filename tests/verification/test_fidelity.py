"""Synthetic distractors need a generator, and one that is like real fingerprints."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Document = dict[str, Any]


def no_generator(document: Document) -> None:
    document["generator"] = None


def no_fidelity(document: Document) -> None:
    document["fidelity"] = None


def far_away(document: Document) -> None:
    document["fidelity"]["statistics"][document["generator"]["name"]]["frechet"] = 3.0


def without_floor(document: Document) -> None:
    del document["fidelity"]["statistics"]["real"]


CONTRADICTIONS = {
    no_generator: "/generator is null: distractors are synthetic",
    no_fidelity: "/fidelity is null: distractors are synthetic, so fidelity has statistics",
    without_floor: "/fidelity/statistics is null: fidelity compares real and the generator",
    far_away: '/generator/name is "gaussian": this generator is unlike real fingerprints',
}


@pytest.mark.parametrize(
    ("change", "text"), CONTRADICTIONS.items(), ids=[c.__name__ for c in CONTRADICTIONS]
)
def test_a_contradiction_is_found(
    synthetic: Path,
    alter: Callable[..., None],
    problems: Callable[[Path], str],
    change: Callable[[Document], None],
    text: str,
) -> None:
    alter(synthetic, change)
    assert text in problems(synthetic)
