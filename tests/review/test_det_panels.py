"""Panels of decisions: labels that do not overlap, and words where there is nothing to draw."""

import itertools

import pytest
from decision_blocks import block

from fpbench.review.det_panels import AcceptLine, DetLine, draw_accepts, draw_det_panel
from fpbench.review.notebook_figure import figure_class


def test_names_of_close_lines_are_moved_apart() -> None:
    axes = figure_class()(figsize=(6, 5)).add_subplot()
    rates = (0.4, 0.401, 0.402)
    lines = [
        DetLine(block=block(10_000 * n, rate), label=f"{n}", colour="k")
        for n, rate in enumerate(rates, start=1)
    ]
    draw_det_panel(axes, lines)
    heights = sorted(text.get_position()[1] for text in axes.texts)
    assert len(heights) == 3
    assert min(after - before for before, after in itertools.pairwise(heights)) >= 0.05


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "too few queries for a threshold"),
        (
            [AcceptLine(blocks=[block(10, 0.4)], rates=[None], label="a", colour="k")],
            "a single size",
        ),
    ],
    ids=["nothing", "one size"],
)
def test_says_why_there_is_nothing_to_draw(lines: list[AcceptLine], words: str) -> None:
    axes = figure_class()(figsize=(6, 5)).add_subplot()
    draw_accepts(axes, lines)
    assert words in axes.texts[0].get_text()
