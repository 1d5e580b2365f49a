"""Cells of the tables of comparisons."""

from dataclasses import replace
from pathlib import Path

from fpbench.results.files import read_result
from fpbench.review.comparison_cells import difference_cell, join_different
from fpbench.review.differences import Difference

POINT = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json").curves[0].points[0]
ONE = Difference(
    metric="hr@1",
    tolerance_s=0.25,
    points=(POINT, POINT),
    rates=(0.6, 0.5),
    value=0.1,
    low=-0.05,
    high=0.2,
    p_value=0.3,
    clear=False,
)


def test_a_cell_has_the_difference_in_points() -> None:
    assert difference_cell(ONE) == "+10.0 (-5.0 to +20.0)"
    assert difference_cell(replace(ONE, clear=True)) == "* +10.0 (-5.0 to +20.0)"
    assert difference_cell(replace(ONE, low=-1.0, high=1.0)) == "+10.0 (no interval)"


def test_equal_texts_are_joined_to_one() -> None:
    assert join_different(["10 k", "10 k", "11 k"]) == "10 k and 11 k"
