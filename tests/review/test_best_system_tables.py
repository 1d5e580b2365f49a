"""Standings as text, HTML and LaTeX say the same."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fpbench.results.files import read_result
from fpbench.review.best_system import Standing, Standings
from fpbench.review.best_system_tables import (
    standings_heading,
    standings_tables,
    standings_text_tables,
)
from fpbench.review.differences import Difference

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
POINT = replace(GOLDEN.curves[0].points[0], n_distractors=10_000)


def difference(value: float) -> Difference:
    return Difference(
        metric="hr@1",
        tolerance_s=0.25,
        points=(POINT, POINT),
        rates=(0.5 + value, 0.5),
        value=value,
        low=value - 0.02,
        high=value + 0.02,
        p_value=0.001,
        clear=abs(value) > 0.02,
    )


def standings(values: Mapping[int, float], names: list[str]) -> Standings:
    """The second system is the best one, and another is not compared with it."""
    row = Standing(
        metric="hr@1",
        tolerance_s=0.25,
        points=dict.fromkeys(range(len(names)), POINT),
        best=1,
        rate=0.5,
        differences={number: difference(value) for number, value in values.items()},
    )
    return Standings(
        names=names,
        results=[GOLDEN] * len(names),
        index="exact",
        distractors="synthetic",
        search_label="exact, synthetic distractors",
        generator="gaussian",
        queries=GOLDEN.queries,
        chosen=None,
        rows=[row, replace(row, metric="hr@3")],
    )


@pytest.fixture
def table() -> Standings:
    return standings({0: -0.1}, ["a <b>", "c", "d"])


def test_each_system_has_a_column_and_each_measure_a_table(table: Standings) -> None:
    first, second = standings_text_tables(table).split("\n\n")
    header, _, row = first.splitlines()
    assert header.startswith("  HR@1 ±0.25 s at    audio  ")
    assert second.startswith("  HR@3 ±0.25 s at    audio  ")
    assert [cell.strip() for cell in row.split("  ") if cell.strip()][-2:] == [
        "* -10.0 (-12.0 to -8.0)",
        "best: 50.0 %",
    ]


def test_systems_that_do_not_fit_follow_below() -> None:
    names = [f"a system with a long name, {number}" for number in range(5)]
    wide = standings(dict.fromkeys((0, 2, 3, 4), -0.1), names)
    text = standings_text_tables(wide)
    assert max(map(len, text.splitlines())) <= 100
    assert all(text.count(name) == 2 for name in names)  # once for each metric


def test_the_heading_says_who_is_the_best(table: Standings) -> None:
    assert (
        standings_heading(table)
        == "each minus the best of its row; exact, synthetic distractors (gaussian)"
    )
    chosen = replace(table, chosen="HR@1 track among 1 M")
    assert standings_heading(chosen).startswith("each minus c, the best at HR@1 track among 1 M;")


def test_html_is_escaped(table: Standings) -> None:
    first, _ = standings_tables(table, "html")
    assert "a &lt;b&gt;" in first
    assert "best: 50.0 %" in first
