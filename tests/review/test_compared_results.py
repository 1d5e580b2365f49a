"""Names of compared systems say in what they differ."""

from dataclasses import replace
from pathlib import Path

from fpbench.results.files import read_result
from fpbench.review.compared_results import ComparedResult, search_of, system_names

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
(CURVE,) = GOLDEN.curves


def test_settings_that_any_of_several_has_are_named() -> None:
    (index,) = GOLDEN.indexes
    results = [
        replace(GOLDEN, indexes=[replace(index, effective={"nprobe": n, "nlist": 8})])
        for n in (1, 1, 4)
    ]
    sides = [
        ComparedResult(Path(f"{name}.json"), r) for name, r in zip("abc", results, strict=True)
    ]
    names = system_names(sides[::2], [CURVE] * 2, sides[::2])
    assert names == [f"spectral-sketch (nprobe {n})" for n in (1, 4)]
    # Two of three differ in nothing but their file.
    names = system_names(sides, [CURVE] * 3, sides)
    first, second = (f"spectral-sketch (nprobe 1, {name}.json)" for name in "ab")
    assert names == [first, second, "spectral-sketch (nprobe 4)"]


def test_results_of_one_system_have_the_names_of_their_files() -> None:
    other = replace(GOLDEN, fingerprinter=replace(GOLDEN.fingerprinter, name="nafp"))
    named = {"a": GOLDEN, "b": GOLDEN, "c": other}
    sides = [ComparedResult(Path(f"{name}.json"), result) for name, result in named.items()]
    names = ["spectral-sketch (a.json)", "spectral-sketch (b.json)", "nafp"]
    assert system_names(sides, [CURVE] * 3, sides) == names
    # Of a pair, too, when the namesake is in another one.
    assert system_names(sides[::2], [CURVE] * 2, sides) == names[::2]
    alike = [ComparedResult(Path(f"{name}/r.json"), GOLDEN) for name in "ab"]
    assert system_names(alike, [CURVE] * 2, alike) == [
        "spectral-sketch (a/r.json)",
        "spectral-sketch (b/r.json)",
    ]
    assert system_names([alike[0]] * 2, [CURVE] * 2, alike[:1]) == ["spectral-sketch"] * 2


def test_a_search_is_an_index_and_a_kind_of_distractors() -> None:
    assert search_of(CURVE) == ("exact", "synthetic")
