"""Extrapolated points are explained in words."""

from dataclasses import replace
from pathlib import Path

from fpbench.results.extrapolations import ExtrapolationCheck, ExtrapolationInfo, TwoTails
from fpbench.results.files import read_result
from fpbench.review.curves_figure import draw_curves
from fpbench.review.extrapolation_notes import extrapolation_notes
from fpbench.review.result_tables import result_tables

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
(CURVE,) = GOLDEN.curves
BEYOND = replace(CURVE.points[-1], n_distractors=10**7, found="extrapolated", std=None)
LONGER = replace(CURVE, points=[*CURVE.points, BEYOND])
INFO = ExtrapolationInfo(
    index=CURVE.index,
    distractors=CURVE.distractors,
    metric=CURVE.metric,
    tolerance_s=CURVE.tolerance_s,
    n_from=100_000,
    repeats=1,
    rows=20.0,
    shape=-0.04,
    scales=(0.05, 0.06, 0.08),
    tails=[TwoTails(n_distractors=10**7, exponential=0.41, pareto=0.40)],
    check=ExtrapolationCheck(
        n_from=10_000, repeats=10, searched=0.5, extrapolated=0.504, error=0.005
    ),
)


def test_the_check_is_said_for_the_curves_that_go_on() -> None:
    result = replace(GOLDEN, curves=[LONGER], extrapolations=[INFO])
    assert extrapolation_notes(result, [LONGER]) == [
        "extrapolated from 100 k; 100 k from 10 k minus searched, in points: "
        "HR@1 ±0.25 s +0.4 ± 1.0"
    ]


def test_a_reason_is_said_once_with_the_curves_that_it_ends() -> None:
    end = "at 1 B, two models of the tail differ by 4.0 points"
    other = replace(LONGER, metric="hr@3")
    infos = [INFO, replace(INFO, metric="hr@3", tails=(), check=None, refused=end)]
    result = replace(GOLDEN, curves=[LONGER, other], extrapolations=infos)
    assert extrapolation_notes(result, [LONGER, other])[1:] == [
        f"not extrapolated (HR@3 ±0.25 s): {end}"
    ]
    assert extrapolation_notes(result, [other]) == [f"not extrapolated: {end}"]


def test_nothing_is_said_where_nothing_was_asked_for() -> None:
    assert extrapolation_notes(GOLDEN, GOLDEN.curves) == []


def test_a_table_marks_what_is_extrapolated_and_leaves_out_what_is_not() -> None:
    other = replace(CURVE, metric="hr@3")
    result = replace(GOLDEN, curves=[LONGER, other], extrapolations=[INFO])
    (row,) = (line for line in result_tables(result).splitlines() if "10 M" in line)
    assert row.endswith("extrapolated")
    assert " - " in row


def test_a_figure_draws_it_as_squares_on_a_dotted_line() -> None:
    figure = draw_curves([replace(GOLDEN, curves=[LONGER], extrapolations=[INFO])])
    (axes, *_) = figure.axes
    dotted = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert "s" in [line.get_marker() for line in dotted]
    assert "squares on dotted lines are extrapolated" in axes.get_xlabel()
