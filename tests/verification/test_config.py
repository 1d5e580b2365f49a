"""Seed, names and status are those of the config."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Document = dict[str, Any]


def other_name(document: Document) -> None:
    document["fingerprinter"]["name"] = "mine"


def complete(document: Document) -> None:
    document["status"] = "complete"


def all_wanted_sizes(document: Document) -> None:
    document["config"]["sizes"] = [10, 20]


def sizes_in_words(document: Document) -> None:
    document["config"]["sizes"] = ["all"]


def no_seed(document: Document) -> None:
    del document["config"]["seed"]


CONTRADICTIONS = {
    other_name: "/fingerprinter/name is \"mine\": config.fingerprinter is 'spectral-sketch'",
    complete: '/status is "complete": the end of the real curves gives "partial"',
    all_wanted_sizes: '/status is "partial": the end of the real curves gives "complete"',
    no_seed: "/config/seed is null: it is a whole number of at least 0, and of 63 bits",
}


@pytest.mark.parametrize(
    ("change", "line"), CONTRADICTIONS.items(), ids=[c.__name__ for c in CONTRADICTIONS]
)
def test_a_contradiction_is_found(
    result: Path,
    alter: Callable[..., None],
    problems: Callable[[Path], str],
    change: Callable[[Document], None],
    line: str,
) -> None:
    alter(result, change)
    assert line in problems(result).splitlines()


def test_the_name_of_an_entry_within_a_file_is_only_there(
    result: Path, alter: Callable[..., None], problems: Callable[[Path], str]
) -> None:
    def name_within_a_file(document: Document) -> None:
        document["config"]["fingerprinter"] = "plugin:models/mine.py"
        document["fingerprinter"]["version"] = "-"

    alter(result, name_within_a_file)
    assert problems(result) == ""


def test_the_generator_is_the_one_of_the_config(
    synthetic: Path, alter: Callable[..., None], problems: Callable[[Path], str]
) -> None:
    def other_generator(document: Document) -> None:
        document["generator"]["name"] = "rectified-flow"

    alter(synthetic, other_generator)
    assert "/generator/name is \"rectified-flow\": config.generator is 'gaussian'" in problems(
        synthetic
    )


def test_a_generator_of_another_system_must_be_allowed_by_the_config(
    synthetic: Path, alter: Callable[..., None], problems: Callable[[Path], str]
) -> None:
    def make_foreign(document: Document) -> None:
        document["generator"]["foreign"] = True

    alter(synthetic, make_foreign)
    found = problems(synthetic)
    assert "/generator/foreign is true: config.foreign_generator is not true" in found
    assert "/generator/fitted_to is null" in found
