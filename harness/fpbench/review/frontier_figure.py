"""Figure of the trade between hit rate, time and size of indexes, with Pareto lines."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fpbench.errors import FpbenchError
from fpbench.evidence.index_losses import EXACT
from fpbench.plugin.index_names import index_base
from fpbench.results.document import Result
from fpbench.results.fields import DistractorKind
from fpbench.results.lengths import split_by_length
from fpbench.results.names import metric_label
from fpbench.review.figure_files import write_figure
from fpbench.review.figure_style import own_style
from fpbench.review.figure_texts import add_legend, show_as_text
from fpbench.review.notebook_figure import figure_class
from fpbench.review.operating_points import OperatingPoint, operating_points, pareto_front
from fpbench.units import short_size

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's palette, as in the figure of hit rates, and their shapes for the colour-blind.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = ("o", "s", "D", "^", "v", "P", "X")
_WIDTH_INCHES, _ROW_INCHES = 12.4, 4.8
_NEAR = 0.3  # of the range on the axis, the length of a label
_MOST_LABELS = 14  # of one panel; of more points, only those on the line are named

_Measure = Callable[[OperatingPoint], float | None]


def plot_frontier(result: Result, path: Path) -> None:
    """Write the figure of :func:`draw_frontier` to a PNG, SVG or PDF file, by its suffix."""
    write_figure(lambda: draw_frontier(result), path)


def has_frontier(result: Result) -> bool:
    """Whether two indexes or more can be compared."""
    return any(map(_groups, split_by_length(result)))


def draw_frontier(result: Result) -> "Figure":
    """Plot HR@1 at the largest size against milliseconds per query, and against bytes.

    A line joins the indexes that none beats in both at once. There is a row of panels for each
    length of queries, kind of distractors and number of rows in memory, because times of others
    cannot be compared. Where exact search was timed with fewer rows, its time is shown in
    proportion to the rows.

    Args:
        result: A result of several indexes.

    Raises:
        FpbenchError: Fewer than two indexes were timed with as many rows.
    """
    parts = list(split_by_length(result))
    groups = [(part, points) for part in parts for points in _groups(part)]
    if not groups:
        raise FpbenchError(
            "there are no two indexes to compare",
            hint="run with --index exact and another index, such as ivfpq:nprobe=5,20,80",
        )
    with own_style():
        height = _ROW_INCHES * len(groups)
        figure = figure_class()(figsize=(_WIDTH_INCHES, height), layout="constrained")
        rows: Any = figure.subfigures(len(groups), 1) if len(groups) > 1 else [figure]
        for part, (of_length, points) in zip(rows, groups, strict=True):
            title = _title(of_length, points, several=len(parts) > 1)
            part.suptitle(title, x=0.01, ha="left", fontsize=13)
            left, right = part.subplots(1, 2, sharey=True)
            rate = metric_label("hr@1", result.curves[0].tolerance_s)
            left.set_ylabel(f"{rate}, percent")
            _draw_panel(left, points, lambda point: point.ms, "milliseconds per query")
            _draw_panel(right, points, lambda point: point.cost.bytes_per_fingerprint, "bytes each")
            _add_names(right, points)
        show_as_text(figure)
    return figure


def _groups(result: Result) -> list[list[OperatingPoint]]:
    """Points that can be compared, with exact search scaled to their rows if it has fewer."""
    points = [one for one in operating_points(result) if one.rate is not None]
    groups: dict[tuple[DistractorKind, int, int], list[OperatingPoint]] = {}
    for one in points:
        groups.setdefault((one.cost.distractors, one.size, one.cost.rows or 0), []).append(one)
    exact = [one for one in points if one.cost.index == EXACT]
    for (kind, size, rows), group in groups.items():
        if not any(one.cost.index == EXACT for one in group):
            group += [
                _scale(one, rows)
                for one in exact
                if (one.cost.distractors, one.size) == (kind, size) and (one.cost.rows or 0) < rows
            ]
    return [group for group in groups.values() if len(group) > 1]


def _scale(point: OperatingPoint, rows: int) -> OperatingPoint:
    """Exact search among more rows: its time is in proportion to them."""
    times = rows / (point.cost.rows or rows)
    latencies = [
        replace(one, ms=times * one.ms, low_ms=times * one.low_ms, high_ms=times * one.high_ms)
        for one in point.cost.latencies
    ]
    cost = replace(point.cost, index=f"{EXACT}, in proportion", rows=rows, latencies=latencies)
    return point._replace(cost=cost)


def _draw_panel(axes: Any, points: Sequence[OperatingPoint], measure: _Measure, label: str) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    places = [(point, x) for point in points if (x := measure(point)) is not None]
    styles = _styles(points)
    front = pareto_front(
        points,
        lambda point: None if (x := measure(point)) is None else (-(point.rate or 0.0), x),
    )
    line = sorted((measure(point) or 0.0, 100 * (point.rate or 0.0)) for point in front)
    axes.plot(*zip(*line, strict=True), color="0.6", linewidth=1.2, zorder=1)
    for point, x in places:
        colour, marker = styles[index_base(point.cost.index)]
        face = colour if point in front else "white"
        y = 100 * (point.rate or 0.0)
        axes.plot([x], [y], color=colour, marker=marker, markerfacecolor=face, zorder=2)
    named = [(p, x) for p, x in places if p in front or len(places) <= _MOST_LABELS]
    for (point, x), down in zip(named, _shifts(named), strict=True):
        name = point.cost.index
        axes.annotate(
            name.removeprefix(f"{index_base(name)}:"),
            (x, 100 * (point.rate or 0.0)),
            xytext=(6, -3 - 9 * down),
            textcoords="offset points",
            fontsize=8,
            color=styles[index_base(name)][0],
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(label)
    axes.margins(x=0.28, y=0.08)
    axes.grid(visible=True, which="major", color="0.92")
    axes.spines[["top", "right"]].set_visible(False)


def _shifts(places: Sequence[tuple[OperatingPoint, float]]) -> list[int]:
    """Lines by which each label goes down, so that those of near points do not overlap."""
    rates = [point.rate or 0.0 for point, _ in places]
    line = 0.03 * max(max(rates, default=0.0) - min(rates, default=0.0), 1e-3)
    shifts = [0] * len(places)
    logs = [math.log10(x) for _, x in places]
    near = _NEAR * max(max(logs, default=0.0) - min(logs, default=0.0), 0.01)
    done: list[tuple[float, float]] = []
    for place in sorted(range(len(places)), key=lambda i: -rates[i]):
        x = logs[place]
        while any(
            abs(rates[place] - shifts[place] * line - y) < line and abs(x - other) < near
            for y, other in done
        ):
            shifts[place] += 1
        done.append((rates[place] - shifts[place] * line, x))
    return shifts


def _styles(points: Sequence[OperatingPoint]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each index, the same for all of its settings."""
    bases = dict.fromkeys(index_base(point.cost.index) for point in points)
    return dict(zip(bases, zip(cycle(_COLOURS), cycle(_MARKERS), strict=False), strict=False))


def _add_names(axes: Any, points: Sequence[OperatingPoint]) -> None:
    """A legend of the indexes beside the panels."""
    from matplotlib.lines import Line2D

    styles = _styles(points)
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="none")
        for colour, marker in styles.values()
    ]
    handles.append(Line2D([], [], color="0.6", linewidth=1.2))
    names = [*styles, "Pareto front (filled)"]
    add_legend(axes, handles, names, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _title(result: Result, points: Sequence[OperatingPoint], *, several: bool) -> str:
    first = points[0]
    length = f"queries of {result.queries.length_s:g} s, " if several else ""
    return (
        f"{result.fingerprinter.name}, {length}{short_size(first.size)} {first.cost.distractors} "
        f"distractors; timed among {short_size(first.cost.rows or 0)} rows in memory"
    )
