"""Half sizes are said in words, with two digits."""

from dataclasses import replace
from pathlib import Path

import pytest

from fpbench.results.files import read_result
from fpbench.results.tails import HalfSize, TailInfo
from fpbench.review.half_size_notes import find_half_size, half_size_label, half_size_notes

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
HALF = HalfSize(
    metric="hr@1", tolerance_s=0.25, start=10**6, value=0.5, size=3.14e9, low=1.26e9, high=7.9e9
)
TAIL = TailInfo(
    index="exact",
    replicates=8,
    particles=30,
    moves=2,
    keep=0.25,
    searched=10_000,
    decoded=1_000,
    levels=5,
    accepted=0.3,
    checks=[],
    half_sizes=[replace(HALF, tolerance_s=None), HALF],
)


def test_a_simulated_curve_says_where_half_of_it_is_left() -> None:
    (golden,) = GOLDEN.curves
    simulated = replace(golden.points[0], n_distractors=10**10, found="simulated")
    curve = replace(golden, distractors="synthetic", index="exact")
    beyond = replace(curve, points=[*golden.points, simulated])
    result = replace(GOLDEN, curves=[beyond], tails=[TAIL])
    assert find_half_size(result, beyond) == HALF
    assert half_size_notes(result, [beyond]) == [
        "half of what it is at 1 M, by number of distractors: HR@1 ±0.25 s 3.1 B (1.3 B to 7.9 B)"
    ]
    assert half_size_notes(result, [curve]) == []
    assert half_size_notes(result, [replace(beyond, distractors="real")]) == []


@pytest.mark.parametrize(
    ("half", "label"),
    [
        pytest.param(replace(HALF, high=None), "3.1 B (at least 1.3 B)", id="open"),
        pytest.param(replace(HALF, low=None, high=None), "3.1 B (no interval)", id="few groups"),
        pytest.param(
            replace(HALF, size=None, low=None, high=None), "beyond the sizes simulated", id="beyond"
        ),
    ],
)
def test_what_is_not_known_is_said(half: HalfSize, label: str) -> None:
    assert half_size_label(half) == label
