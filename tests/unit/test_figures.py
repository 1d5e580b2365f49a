"""A figure is a PNG, whole or not there."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from fpbench import FpbenchError
from fpbench.cli import main
from fpbench.figures import plot_curves
from fpbench.results import read_result

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"


def test_a_figure_is_a_png_whatever_its_name(tmp_path: Path) -> None:
    plot_curves([read_result(GOLDEN)], tmp_path / "curves.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["curves.pdf"]
    assert (tmp_path / "curves.pdf").read_bytes().startswith(b"\x89PNG")


def test_a_figure_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match=r"cannot write .*curves\.png"):
        plot_curves([read_result(GOLDEN)], tmp_path / "none" / "curves.png")


def test_the_boards_figure_must_be_called_a_png(tmp_path: Path) -> None:
    command = ["leaderboard", str(GOLDEN), "--figure", str(tmp_path / "board.pdf")]
    shown = CliRunner().invoke(main, command)
    assert shown.exit_code == 2
    assert "end its name in .png" in shown.stderr
    assert not list(tmp_path.iterdir())
