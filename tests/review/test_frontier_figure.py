"""The figure of the frontier joins the indexes that none beats, and names all of them."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from indexes_with_costs import RESULT, result_with

import fpbench
from fpbench import FpbenchError
from fpbench.review.frontier_figure import draw_frontier, has_frontier, plot_frontier

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"
INDEXES = (
    ("exact", 0.9, 5.0, 512.0),
    ("ivf:nprobe=1", 0.5, 0.1, 520.0),
    ("ivf:nprobe=4", 0.8, 0.2, 520.0),
    ("lsh", 0.4, 0.3, 40.0),
)


def front_of(axes: Any) -> list[tuple[float, float]]:
    line = next(
        one for one in axes.lines if one.get_linestyle() == "-" and one.get_color() == "0.6"
    )
    return list(zip(line.get_xdata(), line.get_ydata(), strict=True))


def test_lines_join_what_no_index_beats_in_time_or_in_bytes() -> None:
    times, sizes = draw_frontier(result_with(*INDEXES)).axes
    assert front_of(times) == [(0.1, 50.0), (0.2, 80.0), (5.0, 90.0)]
    assert front_of(sizes) == [(40.0, 40.0), (512.0, 90.0)]
    for axes in (times, sizes):
        assert [text.get_text() for text in axes.texts] == ["exact", "nprobe=1", "nprobe=4", "lsh"]
    names = [text.get_text() for text in sizes.get_legend().get_texts()]
    assert names == ["exact", "ivf", "lsh", "Pareto front (filled)"]


def test_exact_search_among_fewer_rows_is_shown_in_proportion() -> None:
    figure = draw_frontier(result_with(INDEXES[0], ("hnsw", 0.8, 0.2, 520.0), rows=1_000_000))
    assert front_of(figure.axes[0]) == [(0.2, 80.0), (50.0, 90.0)]
    assert "among 1 M rows" in figure._suptitle.get_text()
    assert figure.axes[0].texts[1].get_text() == "exact, in proportion"


def test_one_index_has_no_frontier(tmp_path: Path) -> None:
    for result in (RESULT, result_with(INDEXES[0])):
        assert not has_frontier(result)
        with pytest.raises(FpbenchError, match="no two indexes to compare"):
            plot_frontier(result, tmp_path / "x.png")


@pytest.mark.slow
def test_the_same_result_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        plot_frontier(result_with(*INDEXES), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_notebooks_show_the_figure_of_one_result(tmp_path: Path) -> None:
    assert hasattr(fpbench.plot_frontier(result_with(*INDEXES)), "_repr_png_")
    for name in ("a.json", "b.json"):
        shutil.copy(GOLDEN, tmp_path / name)
    with pytest.raises(FpbenchError, match="shows one result, not 2"):
        fpbench.plot_frontier(tmp_path)
    with pytest.raises(FpbenchError, match="no two indexes to compare"):
        fpbench.plot_frontier(GOLDEN)
