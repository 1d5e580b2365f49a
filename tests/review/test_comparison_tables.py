"""Comparisons as text, HTML and records say the same."""

import dataclasses
from pathlib import Path

import pytest

from fpbench.results.files import read_result
from fpbench.review.comparison import Comparison, Difference
from fpbench.review.comparison_tables import Comparisons

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
POINT = GOLDEN.curves[0].points[0]


def difference(value: float, low: float, high: float, n: int = 10_000) -> Difference:
    point = dataclasses.replace(POINT, n_distractors=n)
    return Difference(
        metric="hr@1", tolerance_s=0.25, points=(point, POINT), value=value, low=low, high=high
    )


@pytest.fixture
def comparisons() -> Comparisons:
    one = Comparison(
        names=("a <b>", "c"),
        index="exact",
        distractors="synthetic",
        generator="gaussian",
        queries=GOLDEN.queries,
        differences=[difference(0.125, 0.1, 0.15), difference(-0.02, -0.05, 0.01, n=20_000)],
    )
    return Comparisons([one], 0.99)


def test_text_has_a_line_for_each_pair_of_databases(comparisons: Comparisons) -> None:
    heading, header, _, first, second, _, note = repr(comparisons).splitlines()
    assert heading == "a <b> minus c; exact, synthetic distractors (gaussian)"
    assert header.split() == ["distractors", "audio", "HR@1", "±0.25", "s"]
    assert first.split("  ")[-1] == "* +12.5 (+10.0 to +15.0)"
    assert second.strip().startswith("20 k and 10 k  ")
    assert second.endswith("  -2.0 (-5.0 to +1.0)")
    assert note == (
        "100 queries of 1 s from 10 tracks; points, with 99 % intervals (paired, bootstrap over "
        "tracks); * one is better"
    )


def test_html_is_escaped(comparisons: Comparisons) -> None:
    html = comparisons._repr_html_()
    assert "a &lt;b&gt; minus c" in html
    assert html.count("<tr>") == 3
    assert "+12.5 (+10.0 to +15.0)" in html


def test_records_are_flat(comparisons: Comparisons) -> None:
    first, second = comparisons.records()
    assert first == {
        "first": "a <b>",
        "second": "c",
        "index": "exact",
        "distractors": "synthetic",
        "generator": "gaussian",
        "metric": "hr@1",
        "tolerance_s": 0.25,
        "n_distractors_first": 10_000,
        "n_distractors_second": 10_000,
        "difference": 0.125,
        "ci_low": 0.1,
        "ci_high": 0.15,
        "ci_level": 0.99,
        "clear": True,
    }
    assert second.keys() == first.keys()
    assert (second["n_distractors_first"], second["clear"]) == (20_000, False)
