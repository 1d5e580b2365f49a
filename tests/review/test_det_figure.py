"""The figure of decisions: a line for each size or system, what is searched and what is not."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from decision_blocks import block

import fpbench
from fpbench import FpbenchError
from fpbench.results.decisions import DetCurve
from fpbench.results.document import Result
from fpbench.results.files import read_result
from fpbench.review.det_figure import draw_det, has_det, plot_det

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")


@pytest.fixture
def result() -> Result:
    blocks = [block(10**4, 0.4), block(10**6, 0.6), block(10**6, 0.61, found="simulated")]
    return replace(GOLDEN, false_accepts=[*blocks, block(10**9, 0.8, found="simulated")])


def texts(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_one_system_has_a_line_for_each_size_with_its_name(result: Result) -> None:
    det, accepts = draw_det([result]).axes
    # The size that was simulated for comparison is not drawn twice.
    assert texts(det) == ["10 k", "1 M", "1 B"]
    lines = [line for line in det.lines if len(line.get_xdata()) == 3]
    assert [line.get_linestyle() for line in lines] == ["-", "-", "--"]
    assert list(lines[0].get_ydata()) == [0.4, pytest.approx(0.3), 0.2]
    marks = [line for line in det.lines if len(line.get_xdata()) == 1]
    assert [line.get_xdata()[0] for line in marks] == pytest.approx([0.2, 0.3, 0.4])
    searched, simulated = accepts.lines
    assert list(searched.get_xdata()) == [10**4, 10**6]
    assert list(simulated.get_xdata()) == [10**6, 10**9]
    assert accepts.get_title(loc="left").startswith("a threshold that gives 1 % false accepts")


def test_both_axes_are_spaced_like_the_normal_distribution(result: Result) -> None:
    det = draw_det([result]).axes[0]
    shares = np.array([0.1586553, 0.5, 0.9772499])
    for axis in (det.xaxis, det.yaxis):
        assert axis.get_transform().transform(shares) == pytest.approx([-1, 0, 2], abs=1e-6)


def test_several_systems_have_a_line_each_at_one_size(result: Result) -> None:
    named = replace(result.fingerprinter, name="other")
    other = replace(
        result, fingerprinter=named, false_accepts=[block(10**4, 0.5), block(10**5, 0.55)]
    )
    figure = draw_det([result, other])
    assert texts(figure.axes[0]) == [result.fingerprinter.name, "other"]
    assert "10 k distractors" in figure._suptitle.get_text()  # the largest that both have
    with pytest.raises(FpbenchError, match="no decisions"):
        draw_det([result, other], n_distractors=10**9)


def test_results_without_curves_are_refused(result: Result) -> None:
    older = replace(result, false_accepts=[block(10**4, 0.4, det=None)])
    empty = DetCurve(false_accepts=[], false_rejects=[], low=[], high=[])
    few = replace(result, false_accepts=[block(10**4, 0.4, det=empty)])
    assert [has_det(one) for one in (result, older, few, GOLDEN)] == [True, False, False, False]
    with pytest.raises(FpbenchError, match="no decisions"):
        draw_det([older, few, GOLDEN])


def test_the_figure_is_written_and_shown(result: Result, tmp_path: Path) -> None:
    plot_det([result], tmp_path / "a.svg")
    assert "equal error rate" in (tmp_path / "a.svg").read_text()
    assert hasattr(fpbench.plot_det([result]), "_repr_png_")
    with pytest.raises(FpbenchError, match="there are no decisions"):
        fpbench.plot_det(GOLDEN)
