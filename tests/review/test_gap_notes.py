"""A note says how far synthetic distractors are from real ones, and how to read larger sizes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fpbench.results.document import Curve, Gap, Interval, Result
from fpbench.results.files import read_result
from fpbench.review.gap_notes import gap_note, gap_notes

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
(SYNTHETIC,) = GOLDEN.curves
(POINT,) = SYNTHETIC.points
GAP = Gap(
    index="exact",
    metric="hr@1",
    tolerance_s=0.25,
    n_distractors=1180,
    value=0.071,
    level=0.95,
    low=0.063,
    high=0.079,
    method="",
)


def note(result: Result, **changes: Any) -> str:
    return gap_note(result, replace(SYNTHETIC, **changes))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            {},
            "gaussian is 7.1 ± 0.8 points too easy at 1.18 k within 0.25 s (HR@1): read 10 k as an "
            "upper bound",
            id="easy",
        ),
        pytest.param(
            {"value": -0.02, "low": -0.03, "high": -0.01},
            "gaussian is 2.0 ± 1.0 points too hard at 1.18 k within 0.25 s (HR@1): read 10 k as a "
            "lower bound",
            id="hard",
        ),
        pytest.param(
            {"value": -0.002, "low": -0.01, "high": 0.006},
            "gaussian shows no clear gap at 1.18 k within 0.25 s (HR@1): -0.2 ± 0.8 points",
            id="unclear",
        ),
        pytest.param(
            {"n_distractors": 10_000},
            "gaussian is 7.1 ± 0.8 points too easy at 10 k within 0.25 s (HR@1)",
            id="no-larger-size",
        ),
    ],
)
def test_a_gap_is_signed_and_says_how_to_read_larger_sizes(
    changes: dict[str, Any], expected: str
) -> None:
    assert note(replace(GOLDEN, gaps=[replace(GAP, **changes)])) == expected


def test_the_gap_is_that_of_the_curve_at_the_largest_size() -> None:
    others = [
        replace(GAP, n_distractors=100, value=0.5),
        replace(GAP, metric="hr@3", n_distractors=5000, value=0.6),
        replace(GAP, tolerance_s=None, value=0.052, n_distractors=2000),
    ]
    result = replace(GOLDEN, gaps=[*others, GAP])
    assert note(result).startswith("gaussian is 7.1 ± 0.8 points")
    assert "5.2 ± 0.8 points too easy at 2 k in the right track" in note(result, tolerance_s=None)


def real_curve(value: float, half: float) -> Curve:
    ci = Interval(level=0.95, low=value - half, high=value + half, method="")
    return replace(SYNTHETIC, distractors="real", points=[replace(POINT, value=value, ci=ci)])


def test_an_older_result_has_an_error_that_is_not_paired() -> None:
    # The synthetic rate is 50 (40 to 60): its half of 10 and that of 7.5 are 12.5 together.
    result = replace(GOLDEN, curves=[real_curve(0.25, 0.075), SYNTHETIC])
    assert note(result) == (
        "gaussian is 25.0 ± 12.5 (not paired) points too easy at 10 k within 0.25 s (HR@1)"
    )
    alone = replace(GOLDEN, curves=[real_curve(0.25, 0), SYNTHETIC])
    assert "+25.0 (error unknown) points" in note(alone)


@pytest.mark.parametrize("block", ["hit_rates", "hit_rates_in_track"])
def test_without_a_real_curve_the_gap_is_that_of_fidelity(block: str) -> None:
    rates = {
        "sizes": [100, 590],
        "gap": {"gaussian": [0.5, 0.1]},
        "gap_error": {"gaussian": [0.2, 0.01]},
    }
    result = replace(GOLDEN, fidelity={block: rates})
    tolerance_s = 0.25 if block == "hit_rates" else None
    assert "is 10.0 ± 2.0 points too easy at 590" in note(result, tolerance_s=tolerance_s)
    assert "no gap to real distractors was measured" in note(result, metric="hr@3")


def test_real_points_have_no_gap() -> None:
    assert gap_notes([(GOLDEN, real_curve(0.5, 0.1))]) == []
