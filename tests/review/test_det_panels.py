"""Panels of decisions: labels that do not overlap, and words where there is nothing to draw."""

import itertools
from dataclasses import replace

import pytest
from decision_blocks import block

from fpbench.review.det_panels import (
    AcceptLine,
    DetLine,
    draw_accepts,
    draw_det_panel,
    spread_labels,
)
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


@pytest.mark.parametrize("sizes", [20, 60])
def test_many_names_stay_within_the_panel_and_apart(sizes: int) -> None:
    axes = figure_class()(figsize=(6, 5)).add_subplot()
    lines = [
        DetLine(block=block(10_000 * n, 0.4 + 0.5 * n / sizes), label=f"{n}", colour="k")
        for n in range(1, sizes + 1)
    ]
    draw_det_panel(axes, lines)
    heights = sorted(text.get_position()[1] for text in axes.texts)
    named = {text.get_text() for text in axes.texts}
    assert {"1", f"{sizes}"} <= named
    assert len(named) == min(sizes, 35)
    assert heights[0] >= -1e-9
    assert heights[-1] <= 1 + 1e-9
    # A letter of the smaller size is as high as this share of the panel.
    height = axes.get_window_extent().height * 72 / axes.figure.dpi
    letter = axes.texts[0].get_fontsize() * 0.72 / height
    assert min(after - before for before, after in itertools.pairwise(heights)) >= letter


def test_labels_are_moved_no_further_than_they_must() -> None:
    assert spread_labels([0.2, 0.5, 0.9], 0.1) == [0.2, 0.5, 0.9]
    assert spread_labels([0.5, 0.5, 0.95, 1.0], 0.2) == pytest.approx([0.3, 0.5, 0.7, 0.9])


def test_each_line_says_its_own_threshold() -> None:
    axes = figure_class()(figsize=(6, 5)).add_subplot()
    sizes = [block(10_000, 0.4), block(100_000, 0.5)]
    rates = [one.equal_error_rate for one in sizes]
    first = AcceptLine(blocks=sizes, rates=rates, share=0.01, label="a", colour="k")
    draw_accepts(axes, [first, replace(first, label="b")])
    assert axes.get_title(loc="left") == "a threshold that gives 1 % false accepts at 10 k, kept"
    axes = figure_class()(figsize=(6, 5)).add_subplot()
    other = replace(first, blocks=[block(20_000, 0.4), sizes[1]], share=0.1, label="b")
    draw_accepts(axes, [first, other])
    assert axes.get_title(loc="left") == "thresholds, kept"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "a: 1 % false accepts at 10 k",
        "b: 10 % false accepts at 20 k",
    ]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "too few queries for a threshold"),
        (
            [AcceptLine(blocks=[block(10, 0.4)], rates=[None], share=0.1, label="a", colour="k")],
            "a single size",
        ),
    ],
    ids=["nothing", "one size"],
)
def test_says_why_there_is_nothing_to_draw(lines: list[AcceptLine], words: str) -> None:
    axes = figure_class()(figsize=(6, 5)).add_subplot()
    draw_accepts(axes, lines)
    assert words in axes.texts[0].get_text()
