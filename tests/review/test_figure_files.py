"""Figures are PNG, SVG or PDF by suffix; their bytes do not depend on user settings or date."""

from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from fpbench import FpbenchError
from fpbench.results.files import read_result
from fpbench.review.curves_figure import draw_curves, plot_curves
from fpbench.review.figure_files import figure_bytes, refuse_figure_name, write_figure

RESULT = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
STARTS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.mark.parametrize("suffix", STARTS)
@pytest.mark.slow
def test_the_suffix_is_the_format(tmp_path: Path, suffix: str) -> None:
    plot_curves([RESULT], tmp_path / f"curves{suffix}")
    content = (tmp_path / f"curves{suffix}").read_bytes()
    assert content.startswith(STARTS[suffix])
    assert b"Date>" not in content
    assert b"CreationDate" not in content


@pytest.mark.parametrize("suffix", STARTS)
@pytest.mark.slow
def test_bytes_do_not_depend_on_the_users_settings(suffix: str) -> None:
    plain = figure_bytes(draw_curves([RESULT]), suffix)
    users = {"font.size": 30, "axes.facecolor": "red", "savefig.dpi": 10, "lines.linewidth": 9}
    with mpl.rc_context(users):
        assert figure_bytes(draw_curves([RESULT]), suffix) == plain
        assert mpl.rcParams["font.size"] == 30  # which are left as they are


@pytest.mark.parametrize("name", ["curves.jpg", "curves", "curves.PNG.txt"])
def test_other_suffixes_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FpbenchError, match=rf"'.*{name}' cannot hold the figure"):
        refuse_figure_name(Path(name))
    with pytest.raises(FpbenchError, match="cannot hold the figure"):
        plot_curves([RESULT], tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_figure_that_fails_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> Figure:
        raise RuntimeError("latex could not be found\nand more")

    write_figure(fail, tmp_path / "curves.png")
    assert not list(tmp_path.iterdir())
    assert caplog.messages == [
        f"there is no figure {tmp_path}/curves.png: RuntimeError: latex could not be found"
    ]


def test_a_figure_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="there is no curve of hr@7"):
        plot_curves([RESULT], tmp_path / "curves.png", metric="hr@7")
