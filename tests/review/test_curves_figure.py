"""A figure is a PNG that is written atomically."""

import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner

from fpbench import FpbenchError
from fpbench.cli import main
from fpbench.results.files import read_result
from fpbench.review.curves_figure import plot_curves

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"


def test_a_figure_is_a_png_whatever_its_name(tmp_path: Path) -> None:
    plot_curves([read_result(GOLDEN)], tmp_path / "curves.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["curves.pdf"]
    assert (tmp_path / "curves.pdf").read_bytes().startswith(b"\x89PNG")


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
        plot_curves(shown, tmp_path / name)
    one, twice, two = ((tmp_path / name).read_bytes() for name in ("one", "twice", "two"))
    assert one == twice != two


def test_a_figure_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match=r"cannot write .*curves\.png"):
        plot_curves([read_result(GOLDEN)], tmp_path / "none" / "curves.png")


def test_the_leaderboard_figure_must_be_a_png(tmp_path: Path) -> None:
    command = ["leaderboard", str(GOLDEN), "--figure", str(tmp_path / "board.pdf")]
    shown = CliRunner().invoke(main, command)
    assert shown.exit_code == 2
    assert "end its name in .png" in shown.stderr
    assert not list(tmp_path.iterdir())
