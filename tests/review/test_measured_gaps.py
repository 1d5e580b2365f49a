"""The measured gap is with held-out real distractors, and otherwise between the curves."""

from dataclasses import replace
from pathlib import Path

import pytest
from fidelity_blocks import fidelity, hit_rates

from fpbench.results.document import Gap
from fpbench.results.files import read_result
from fpbench.review.measured_gaps import gaps_between_curves, measured_gap, measured_gaps

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
(SYNTHETIC,) = GOLDEN.curves
REAL = replace(SYNTHETIC, distractors="real")
GAPS = [
    Gap(
        index="exact",
        metric="hr@1",
        tolerance_s=0.25,
        n_distractors=size,
        value=0.05,
        level=0.95,
        low=0.04,
        high=0.06,
        method="",
    )
    for size in (2_000, 500)
]


def test_held_out_gaps_are_corrected_for_the_few_tracks_of_real_distractors() -> None:
    rates = hit_rates([0.01, 0.02], [None, 0.01], perfect=[None, -0.015])
    result = replace(GOLDEN, gaps=GAPS, fidelity=fidelity(hit_rates=[rates]))
    first, last = measured_gaps(result, SYNTHETIC)
    assert (first.n_distractors, first.value, first.error) == (100, 0.01, None)
    assert last.value == pytest.approx(0.035)
    assert last.error == pytest.approx(0.0196, abs=1e-4)
    assert last.held_out
    assert measured_gap(result, SYNTHETIC) == last


def test_without_them_the_gaps_are_between_the_curves() -> None:
    for block in (None, fidelity(hit_rates=None)):
        result = replace(GOLDEN, gaps=GAPS, fidelity=block)
        found = measured_gaps(result, SYNTHETIC)
        assert [(gap.n_distractors, gap.value, gap.held_out) for gap in found] == [
            (500, 0.05, False),
            (2_000, 0.05, False),
        ]
        assert found == gaps_between_curves(result, SYNTHETIC)


def test_a_real_curve_has_no_gap() -> None:
    result = replace(GOLDEN, gaps=GAPS, curves=[REAL, SYNTHETIC])
    assert measured_gaps(result, REAL) == []
    assert gaps_between_curves(result, REAL) == []
    assert measured_gap(result, REAL) is None
