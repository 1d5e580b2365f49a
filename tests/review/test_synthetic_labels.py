"""Tables and figures mark synthetic distractors that are not like real ones."""

from dataclasses import replace
from pathlib import Path

import pytest
from fidelity_blocks import fidelity, statistics

from fpbench.results.document import Gap, Result
from fpbench.results.files import read_result
from fpbench.results.systems import FitInfo
from fpbench.review.curves_figure import draw_curves
from fpbench.review.result_tables import result_tables
from fpbench.review.synthetic_labels import (
    distractor_label,
    find_result_deviation,
    generator_label,
)
from fpbench_leaderboard.entries import Entry
from fpbench_leaderboard.markdown import board_markdown
from fpbench_leaderboard.sections import make_board

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"
FIT = FitInfo(
    fingerprinter="theirs",
    weights_sha256=None,
    options={},
    fingerprints=9,
    fingerprints_sha256="0" * 64,
)


@pytest.fixture
def good() -> Result:
    return read_result(GOLDEN)


def unlike_real(result: Result) -> Result:
    sets = {"gaussian": statistics(frechet=3.0), "real": statistics(frechet=0.1)}
    return replace(result, fidelity=fidelity(statistics=sets))


def other_marginals(result: Result) -> Result:
    sets = {"gaussian": statistics(js_marginal=0.64), "real": statistics(js_marginal=0.004)}
    return replace(result, fidelity=fidelity(statistics=sets))


def foreign(result: Result) -> Result:
    assert result.generator is not None
    return replace(result, generator=replace(result.generator, foreign=True, fitted_to=FIT))


def test_a_good_generator_has_no_mark(good: Result) -> None:
    assert generator_label([good]) == "gaussian"
    assert find_result_deviation(good) is None
    assert "unlike real" not in result_tables(good)


def test_a_result_without_synthetic_distractors_has_no_deviation(good: Result) -> None:
    assert find_result_deviation(replace(good, generator=None, fidelity=None)) is None


@pytest.mark.parametrize(
    ("metric", "low", "high", "deviation"),
    [
        pytest.param("hr@1", 0.11, 0.3, "20.0 points above", id="beyond"),
        pytest.param("hr@1", -0.3, -0.11, "20.0 points below", id="below"),
        pytest.param("hr@1", 0.09, 0.3, None, id="not clearly beyond"),
        pytest.param("hr@10", 0.11, 0.3, None, id="another metric"),
    ],
)
def test_a_gap_between_the_curves_counts(
    good: Result, metric: str, low: float, high: float, deviation: str | None
) -> None:
    value = 0.2 if low > 0 else -0.2
    gap = Gap(
        index="exact",
        metric=metric,
        tolerance_s=None,
        n_distractors=100,
        value=value,
        level=0.95,
        low=low,
        high=high,
        method="worked out by hand",
    )
    found = find_result_deviation(replace(good, gaps=[gap]))
    assert (deviation is None) == (found is None)
    if deviation is not None:
        assert deviation in str(found)
        assert "in the right track" in str(found)


def test_marks_are_those_of_all_results(good: Result) -> None:
    assert generator_label([foreign(good)]) == "gaussian, fitted to theirs"
    assert generator_label([unlike_real(foreign(good))]) == (
        "gaussian, fitted to theirs, unlike real"
    )
    assert generator_label([good, unlike_real(good)]) == "gaussian, unlike real"


def test_marginals_far_from_real_ones_are_marked_and_said(good: Result) -> None:
    assert generator_label([other_marginals(good)]) == "gaussian, other marginals"
    tables = result_tables(other_marginals(good))
    assert "synthetic distractors (gaussian, other marginals)" in tables
    assert "gaussian has other marginals: the JS divergence of its marginals is 0.64 bits" in tables
    assert find_result_deviation(other_marginals(good)) is None


def test_real_distractors_have_no_mark(good: Result) -> None:
    synthetic = good.curves[0]
    assert distractor_label(unlike_real(good), synthetic) == "gaussian, unlike real"
    assert distractor_label(unlike_real(good), replace(synthetic, distractors="real")) == "real"


def test_every_table_and_figure_has_the_mark(good: Result) -> None:
    bad = unlike_real(good)
    tables = result_tables(bad)
    assert "synthetic distractors (gaussian, unlike real)" in tables
    assert "its Frechet distance is 3, 30 times the floor of 0.1" in tables
    board = board_markdown(make_board([Entry(result=bad)], "tests"))
    assert f"† {bad.fingerprinter.name}: generator unlike real fingerprints." in board
    legends = [axes.get_legend() for axes in draw_curves([bad]).axes]
    texts = [text.get_text() for legend in legends if legend for text in legend.get_texts()]
    assert "gaussian, unlike real distractors" in texts
