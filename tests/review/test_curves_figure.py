"""A figure is a PNG that is written atomically."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from fpbench import FpbenchError
from fpbench.cli import main
from fpbench.generators.fidelity_report import FLOOR, measure_fidelity
from fpbench.results.files import read_result
from fpbench.review.curves_figure import plot_curves
from fpbench.review.fidelity_figure import plot_fidelity, shares_above

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"


def test_a_figure_is_a_png_whatever_its_name(tmp_path: Path) -> None:
    plot_curves([read_result(GOLDEN)], tmp_path / "curves.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["curves.pdf"]
    assert (tmp_path / "curves.pdf").read_bytes().startswith(b"\x89PNG")


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


@pytest.mark.parametrize(
    ("rows", "alike"),
    [pytest.param(4, 1 / 3, id="all rows"), pytest.param(2_001, 1 / 2, id="every other row")],
)
def test_a_row_is_not_paired_with_itself(rows: int, alike: float) -> None:
    directions = np.array([[1, 0], [-1, 0]], dtype=np.float32)
    above = shares_above(directions[np.arange(rows) % 2], None)
    np.testing.assert_array_equal(above, [1, *[alike] * 799])


def test_a_query_is_paired_with_an_equal_row() -> None:
    vectors = np.eye(2, dtype=np.float32)
    assert shares_above(vectors, vectors)[-1] == 0.5


def test_any_number_of_sets_is_drawn(tmp_path: Path, rng: np.random.Generator) -> None:
    sets = {f"set {n}": rng.standard_normal((20, 4), dtype=np.float32) for n in range(7)}
    real = rng.standard_normal((40, 4), dtype=np.float32)
    report = measure_fidelity(real, np.repeat(np.arange(8), 5), sets, seed=0)
    plot_fidelity(report, {FLOOR: real, **sets}, tmp_path / "fidelity.png", queries=None)
    assert (tmp_path / "fidelity.png").read_bytes().startswith(b"\x89PNG")
