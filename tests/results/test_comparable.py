"""Results of different systems may be compared if their audio and queries are equal."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fpbench.results.comparable import ComparisonKey
from fpbench.results.document import Result
from fpbench.results.files import read_result

RESULT = read_result(Path(__file__).parents[1] / "golden" / "result_1_0.json")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda r: {"fingerprinter": replace(r.fingerprinter, name="x")}, id="system"),
        pytest.param(lambda r: {"data": replace(r.data, name="folder:other")}, id="path"),
        pytest.param(lambda r: {"curves": r.curves[:0], "generator": None}, id="distractors"),
        pytest.param(lambda r: {"config": {"seed": 0, "sizes": [7]}}, id="sizes"),
        pytest.param(lambda r: {"config": {}}, id="seed left at 0"),
    ],
)
def test_the_system_is_not_part_of_the_key(
    change: Callable[[Result], dict[str, object]],
) -> None:
    assert ComparisonKey.of(replace(RESULT, **change(RESULT))) == ComparisonKey.of(RESULT)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda r: {"data": replace(r.data, content="0" * 32)}, id="audio"),
        pytest.param(lambda r: {"queries": replace(r.queries, n=7)}, id="number"),
        pytest.param(lambda r: {"queries": replace(r.queries, length_s=2.0)}, id="length"),
        pytest.param(lambda r: {"queries": replace(r.queries, recipe={})}, id="recipe"),
        pytest.param(lambda r: {"config": {"seed": 1}}, id="seed"),
    ],
)
def test_other_audio_or_queries_give_another_key(
    change: Callable[[Result], dict[str, object]],
) -> None:
    assert ComparisonKey.of(replace(RESULT, **change(RESULT))) != ComparisonKey.of(RESULT)


def test_the_order_of_settings_in_a_recipe_does_not_matter() -> None:
    first, second = (
        replace(RESULT, queries=replace(RESULT.queries, recipe=recipe))
        for recipe in ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1})
    )
    assert ComparisonKey.of(first) == ComparisonKey.of(second)
