"""A rerun is compared point by point, beside everything else that differs."""

from dataclasses import replace
from pathlib import Path

import pytest

from fpbench.results.document import Point, Result
from fpbench.results.files import read_result
from fpbench.review.reproduction import compare_with_rerun

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"


@pytest.fixture
def result() -> Result:
    return read_result(GOLDEN)


def with_point(result: Result, point: Point) -> Result:
    curve = result.curves[0]
    changed = replace(curve, points=[point, *curve.points[1:]])
    return replace(result, curves=[changed, *result.curves[1:]])


def moved(result: Result, by: float) -> Result:
    """With the first rate, and its interval of ± 5 points, elsewhere."""
    point = result.curves[0].points[0]
    value = 0.5 + by
    ci = replace(point.ci, low=value - 0.05, high=value + 0.05)
    return with_point(result, replace(point, value=value, ci=ci))


def test_the_same_result_is_reproduced(result: Result) -> None:
    same = compare_with_rerun(result, result)
    assert same.succeeded
    assert same.differences == []
    count = sum(len(curve.points) for curve in result.curves)
    assert f"{count} of {count} rates are within" in same.text()
    assert f"{count} are equal to the last digit" in same.text()


@pytest.mark.parametrize(("by", "within"), [(0.07, True), (-0.07, True), (0.072, False)])
def test_the_joint_interval_decides(result: Result, by: float, within: bool) -> None:
    found = compare_with_rerun(moved(result, 0), moved(result, by))
    assert found.points[0].joint == pytest.approx(0.05 * 2**0.5)
    assert found.points[0].is_within is within
    assert found.succeeded is within
    assert ("outside" in found.text()) is not within


def test_a_point_that_only_one_has_is_not_reproduced(result: Result) -> None:
    curve = result.curves[0]
    more = replace(result, curves=[*result.curves, replace(curve, metric="hr@7")])
    found = compare_with_rerun(result, more)
    assert not found.succeeded
    assert "absent" in found.text()
    assert not compare_with_rerun(more, result).succeeded


def test_says_what_else_differs(result: Result) -> None:
    system = replace(result.fingerprinter, version="9", dtype="float64")
    environment = {**result.environment, "numpy": "9"}
    again = replace(result, fingerprinter=system, environment=environment)
    names = [name for name, _, _ in compare_with_rerun(result, again).differences]
    assert names == ["fingerprinter.version", "fingerprinter.dtype", "environment.numpy"]
