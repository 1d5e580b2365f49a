"""A difference in the other direction is the same difference."""

from pathlib import Path

from fpbench.results.files import read_result
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


def test_a_reversed_difference_changes_its_sign() -> None:
    back = ONE.reverse()
    assert (back.rates, back.value, back.low, back.high) == ((0.5, 0.6), -0.1, -0.2, 0.05)
    assert back.reverse() == ONE
