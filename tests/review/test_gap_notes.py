"""A note says how far synthetic distractors are from real ones, and how to read larger sizes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fidelity_blocks import fidelity, hit_rates, older_hit_rates

from fpbench.results.document import Curve, Gap, Interval, Result
from fpbench.results.files import read_result
from fpbench.review.curves_panel import Line, notes_below
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


def test_an_older_result_without_a_real_curve_has_the_gap_of_its_fidelity() -> None:
    old = older_hit_rates([0.05, 0.1], [0.2, 0.01])
    result = replace(GOLDEN, fidelity=fidelity(hit_rates=old))
    assert "is 10.0 ± 2.0 points too easy at 1 k within 0.25 s" in note(result)
    assert "no gap to real distractors was measured" in note(result, metric="hr@3")
    result = replace(GOLDEN, fidelity=fidelity(hit_rates_in_track=old, hit_rates=None))
    assert "is 10.0 ± 2.0 points too easy at 1 k in the" in note(result, tolerance_s=None)


def held_out(**changes: Any) -> Result:
    """With a gap in each metric at 1 000 held-out distractors, besides that of all real ones."""
    tables = [
        hit_rates([0.0, gap], perfect=[0.0, -0.01], metric=metric, tolerance_s=tolerance_s)
        for metric, tolerance_s, gap in (
            ("hr@1", 0.25, 0.02),
            ("hr@3", 0.25, -0.04),
            ("hr@1", None, 0.0),
        )
    ]
    block = fidelity(hit_rates=tables, **changes)
    return replace(GOLDEN, gaps=[replace(GAP, n_distractors=2_000)], fidelity=block)


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        # A perfect generator would be at -1 point, because real distractors are from few tracks.
        pytest.param(
            {},
            "gaussian is 3.0 ± 2.0 points too easy at 1 k held-out within 0.25 s (HR@1): read 10 k "
            "as an upper bound",
            id="easy",
        ),
        pytest.param(
            {"metric": "hr@3"},
            "gaussian is 3.0 ± 2.0 points too hard at 1 k held-out within 0.25 s (HR@3): read 10 k "
            "as a lower bound",
            id="hard",
        ),
        pytest.param(
            {"tolerance_s": None},
            "gaussian shows no clear gap at 1 k held-out in the right track (HR@1): +1.0 ± 2.0 "
            "points",
            id="unclear",
        ),
    ],
)
def test_the_gap_is_with_tracks_that_the_generator_was_not_fitted_to(
    curve: dict[str, Any], expected: str
) -> None:
    assert note(held_out(), **curve) == expected


def test_few_groups_make_the_error_larger() -> None:
    # Student's t of 5 degrees of freedom: 2.57 standard errors.
    assert "3.0 ± 2.6 points too easy" in note(held_out(real_clusters=6))


def test_far_beyond_real_distractors_the_drift_is_said() -> None:
    far = replace(POINT, n_distractors=10_001)
    assert note(held_out(), points=[POINT, far]) == (
        "gaussian is 3.0 ± 2.0 points too easy at 1 k held-out within 0.25 s (HR@1): read 10 k as "
        "an upper bound; above 10 k by this generator, whose gap is +0.0 ± 2.0 at 100 real and "
        "+3.0 ± 2.0 at 1 k real"
    )


def test_the_drift_of_an_older_result_is_between_its_curves() -> None:
    smaller = replace(GAP, n_distractors=100, value=0.01, low=0.0, high=0.02)
    result = replace(GOLDEN, gaps=[GAP, smaller])
    million = replace(POINT, n_distractors=1_000_000)
    assert note(result, points=[POINT, million]).endswith(
        "read 1 M as an upper bound; above 11.8 k by this generator, whose gap is +1.0 ± 1.0 at "
        "100 real and +7.1 ± 0.8 at 1.18 k real"
    )


def test_without_any_gap_all_sizes_are_by_the_generator() -> None:
    assert note(GOLDEN).endswith(
        "was measured within 0.25 s (HR@1): all sizes are by this generator"
    )


def test_a_figure_marks_where_a_generator_speaks_alone() -> None:
    million = replace(POINT, n_distractors=1_000_000)
    far = Line(
        result=held_out(),
        curve=replace(SYNTHETIC, points=[POINT, million]),
        name="",
        colour="C0",
        style="-",
    )
    near = replace(far, curve=SYNTHETIC)
    assert "right of the dotted line, at 10 times the size of the gap: by the generator" in (
        notes_below([far])
    )
    assert "gaussian minus held-out real at 1 k, in points: +3.0\xa0±\xa02.0" in notes_below([far])
    assert not any("dotted" in each for each in notes_below([near]))


def test_real_points_have_no_gap() -> None:
    assert gap_notes([(GOLDEN, real_curve(0.5, 0.1))]) == []
