"""A panel shows the gap between synthetic and real points, and no interval without width."""

from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from fpbench.results.document import Gap, Interval
from fpbench.results.files import read_result
from fpbench.review.curves_panel import Line, draw_panel

RESULT = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
(CURVE,) = RESULT.curves
(POINT,) = CURVE.points
GAP = Gap(
    index="exact",
    metric="hr@1",
    tolerance_s=0.25,
    n_distractors=10_000,
    value=0.071,
    level=0.95,
    low=0.063,
    high=0.079,
    method="",
)


def lines(name: str = "") -> list[Line]:
    """A real curve of one point, 7.1 points below the first of two synthetic ones."""
    result = replace(RESULT, gaps=[GAP])
    real = replace(CURVE, distractors="real", points=[replace(POINT, value=0.429)])
    synthetic = replace(CURVE, points=[POINT, replace(POINT, n_distractors=10**6)])
    return [
        Line(result=result, curve=curve, name=name, colour="red", style="-")
        for curve in (real, synthetic)
    ]


def test_the_gap_is_drawn_and_said_with_its_error() -> None:
    axes = Figure().subplots()
    draw_panel(axes, lines(), "hr@1", (20.0, 60.0))
    assert [text.get_text() for text in axes.texts] == ["+7.1"]
    joined = axes.lines[-1]
    assert list(joined.get_xdata()) == [10_590, 10_590]
    assert list(joined.get_ydata()) == pytest.approx([50, 42.9])
    note = axes.get_xlabel().splitlines()[1].replace("\N{NO-BREAK SPACE}", " ")
    assert note == "gaussian minus real at 10 k, in points: +7.1 ± 0.8"


def test_a_gap_beside_points_of_many_decades_is_said_below_only() -> None:
    real, synthetic = lines()
    far = replace(synthetic.curve.points[-1], n_distractors=10**12, found="simulated")
    curve = replace(synthetic.curve, points=[*synthetic.curve.points, far])
    axes = Figure().subplots()
    draw_panel(axes, [real, replace(synthetic, curve=curve)], "hr@1", (20.0, 60.0))
    assert not [text for text in axes.texts if text.get_text().startswith("+")]
    assert "+7.1" in axes.get_xlabel()


def test_several_systems_are_named_below_the_axis() -> None:
    axes = Figure().subplots()
    draw_panel(axes, [*lines("one"), *lines("two")], "hr@1", (20.0, 60.0))
    label = axes.get_xlabel().replace("\N{NO-BREAK SPACE}", " ").replace("\n", " ")
    assert "in points: one +7.1 ± 0.8, two +7.1 ± 0.8" in label
    assert not axes.texts


def test_an_interval_without_width_is_not_drawn() -> None:
    certain = Interval(level=0.95, low=0.5, high=0.5, method="")
    for ci, drawn in ((certain, 0), (POINT.ci, 1)):
        axes = Figure().subplots()
        curve = replace(CURVE, points=[replace(POINT, ci=ci)])
        line = Line(result=RESULT, curve=curve, name="", colour="red", style="-")
        draw_panel(axes, [line], "hr@1", (0.0, 100.0))
        assert len(axes.collections) == drawn


def test_a_single_size_has_a_range_around_it() -> None:
    axes = Figure().subplots()
    curve = replace(CURVE, points=[replace(POINT, n_distractors=1000, n_reference=152)])
    line = Line(result=RESULT, curve=curve, name="", colour="red", style="-")
    draw_panel(axes, [line], "hr@1", (0.0, 100.0))
    assert axes.get_xlim() == (576, 2304)
