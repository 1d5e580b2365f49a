"""A figure of curves has a panel for each tolerance, and its y axis from the data."""

import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner

from fpbench import FpbenchError
from fpbench.cli import main
from fpbench.results.document import Result
from fpbench.results.files import read_result
from fpbench.review.curves_figure import draw_curves, plot_curves

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"


def with_track(result: Result) -> Result:
    """The result with a real curve, and both curves in the right track, too."""
    (curve,) = result.curves
    (point,) = curve.points
    larger = dataclasses.replace(point, n_distractors=10**6, value=0.3)
    curve = dataclasses.replace(curve, points=[point, larger])
    real = dataclasses.replace(curve, distractors="real", points=[point])
    curves = [dataclasses.replace(c, tolerance_s=t) for t in (0.25, None) for c in (real, curve)]
    return dataclasses.replace(result, curves=curves)


def test_tolerances_have_panels_side_by_side() -> None:
    figure = draw_curves([with_track(read_result(GOLDEN))])
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "within 0.25 s",
        "in the right track",
    ]
    assert all("gaussian minus real" in axes.get_xlabel() for axes in figure.axes)


def test_the_y_axis_is_from_the_data() -> None:
    # Rates are 50 and 30, intervals 40 to 60; a margin of 5 % of the range is added.
    (axes, _) = draw_curves([with_track(read_result(GOLDEN))]).axes
    assert axes.get_ylim() == pytest.approx((28.5, 61.5))


def test_systems_with_different_hops_have_an_axis_of_hours_each() -> None:
    result = read_result(GOLDEN)
    other = dataclasses.replace(result.fingerprinter, name="other", hop_s=0.1)
    figure = draw_curves([result, dataclasses.replace(result, fingerprinter=other)])
    (axes,) = figure.axes
    labels = [axis.get_xlabel() for axis in axes.child_axes]
    assert labels == ["audio of spectral-sketch", "audio of other"]


def test_figures_of_incomparable_results_have_rows() -> None:
    result = read_result(GOLDEN)
    other = dataclasses.replace(result.data, content="other")
    figure = draw_curves([result, dataclasses.replace(result, data=other)])
    assert len(figure.axes) == 2


@pytest.mark.slow
def test_systems_with_one_name_and_different_weights_have_separate_lines(tmp_path: Path) -> None:
    result = read_result(GOLDEN)
    other = dataclasses.replace(result.fingerprinter, weights_sha256="12345678" * 8)
    namesake = dataclasses.replace(result, fingerprinter=other)
    for name, shown in (
        ("one", [result]),
        ("twice", [result, result]),
        ("two", [result, namesake]),
    ):
        plot_curves(shown, tmp_path / f"{name}.png")
    one, twice, two = ((tmp_path / f"{name}.png").read_bytes() for name in ("one", "twice", "two"))
    assert one == twice != two


def test_a_missing_folder_is_made_and_a_file_in_its_place_is_named(tmp_path: Path) -> None:
    plot_curves([read_result(GOLDEN)], tmp_path / "new" / "curves.png")
    assert (tmp_path / "new" / "curves.png").is_file()
    (tmp_path / "file").touch()
    with pytest.raises(FpbenchError, match=r"cannot make folder .*file"):
        plot_curves([read_result(GOLDEN)], tmp_path / "file" / "curves.png")


def test_the_leaderboard_figure_has_a_known_suffix(tmp_path: Path) -> None:
    command = ["leaderboard", str(GOLDEN), "--figure", str(tmp_path / "board.jpg")]
    shown = CliRunner().invoke(main, command)
    assert shown.exit_code == 2
    assert "end its name in .png, .svg or .pdf" in shown.stderr
    assert not list(tmp_path.iterdir())
