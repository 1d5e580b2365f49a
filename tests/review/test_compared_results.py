"""Names of compared systems say in what they differ."""

from dataclasses import replace
from pathlib import Path

from fpbench.results.files import read_result
from fpbench.review.compared_results import search_of, system_names

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
(CURVE,) = GOLDEN.curves


def test_settings_that_any_of_several_has_are_named() -> None:
    (index,) = GOLDEN.indexes
    results = [
        replace(GOLDEN, indexes=[replace(index, effective={"nprobe": n, "nlist": 8})])
        for n in (1, 1, 4)
    ]
    names = system_names(results, [CURVE] * 3, results)
    assert names == [f"spectral-sketch (nprobe {n})" for n in (1, 1, 4)]
    assert system_names(results[:2], [CURVE] * 2, results[:2]) == ["spectral-sketch"] * 2


def test_a_search_is_an_index_and_a_kind_of_distractors() -> None:
    assert search_of(CURVE) == ("exact", "synthetic")
