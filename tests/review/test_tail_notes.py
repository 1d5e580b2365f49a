"""Simulated points are compared with what was searched, in words."""

from dataclasses import replace
from pathlib import Path

from fpbench.results.files import read_result
from fpbench.results.tails import TailCheck, TailInfo
from fpbench.review.tail_notes import tail_notes

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
CHECK = TailCheck(
    metric="hr@1",
    tolerance_s=0.25,
    n_distractors=10_000,
    searched=0.5,
    simulated=0.512,
    error=0.01,
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
    checks=[CHECK, replace(CHECK, metric="hr@3"), replace(CHECK, tolerance_s=None)],
)


def test_the_difference_to_the_search_is_said_for_the_shown_curves() -> None:
    (curve,) = GOLDEN.curves
    simulated = replace(curve.points[0], n_distractors=10**9, found="simulated")
    beyond = replace(curve, points=[*curve.points, simulated])
    result = replace(GOLDEN, curves=[beyond], tails=[TAIL])
    assert tail_notes(result, [beyond]) == [
        "simulated minus searched at 10 k, in points: HR@1 ±0.25 s +1.2 ± 2.0"
    ]


def test_nothing_is_said_where_nothing_is_simulated() -> None:
    assert tail_notes(GOLDEN, GOLDEN.curves) == []
