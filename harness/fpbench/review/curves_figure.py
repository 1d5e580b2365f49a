"""Figure of hit rate against database size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fpbench.errors import FpbenchError
from fpbench.results.comparable import ComparisonKey
from fpbench.results.document import Curve, Result
from fpbench.results.lengths import split_by_length
from fpbench.results.names import clusters_label, queries_label, system_label, tracks_label
from fpbench.review.curves_panel import Line, draw_panel, notes_below
from fpbench.review.figure_files import write_figure
from fpbench.review.figure_style import own_style
from fpbench.review.figure_texts import add_legend, one_line, show_as_text
from fpbench.review.notebook_figure import figure_class
from fpbench.review.synthetic_labels import distractor_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's palette, which colour-blind readers can distinguish, too.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("--", ":", "-.")
_FEW_ENTRIES = 4  # of a legend within a panel
_LEGEND_INCHES = 3.0
_LINE_INCHES = 0.2
_PANEL_INCHES = (6.2, 4.6)


def plot_curves(results: Sequence[Result], path: Path, *, metric: str = "hr@1") -> None:
    """Write the figure of :func:`draw_curves` to a PNG, SVG or PDF file, by its suffix."""
    write_figure(lambda: draw_curves(results, metric=metric), path)


def draw_curves(results: Sequence[Result], *, metric: str = "hr@1") -> "Figure":
    """Plot hit rate against database size, with the intervals as bands.

    The tolerance of the first curve and "in the right track" have a panel each, side by side. Solid
    lines are for real distractors, dashed ones for synthetic, with one style per generator, and the
    measured gap between the two. Points that were simulated are diamonds, extrapolated ones are
    squares on a dotted line. For one system there is a
    colour for each index. For several systems there is a row of panels for each index, and a colour
    for each system. Results with different audio or queries cannot be compared and get separate
    rows.

    Raises:
        FpbenchError: There is no curve of the metric.
    """
    together: dict[ComparisonKey, list[Result]] = {}
    for result in (part for one in results for part in split_by_length(one)):
        if any(curve.metric == metric for curve in result.curves):
            together.setdefault(ComparisonKey.of(result), []).append(result)
    if not together:
        raise FpbenchError(f"there is no curve of {metric} to draw", hint="give other results")
    groups = [_Group.of(comparable, metric) for comparable in together.values()]
    heights = [group.height_inches for group in groups]
    columns = max(len(row) for group in groups for row in group.panels)
    width, _ = _PANEL_INCHES
    beside = _LEGEND_INCHES * any(len(group.legend) > _FEW_ENTRIES for group in groups)
    with own_style():
        size = (width * max(columns, 1.3) + beside, sum(heights))
        figure = figure_class()(figsize=size, layout="constrained")
        parts: Any = [figure]
        if len(groups) > 1:
            parts = figure.subfigures(len(groups), 1, height_ratios=heights)
        for part, group in zip(parts, groups, strict=True):
            _draw_group(part, group, metric)
        show_as_text(figure)
    return figure


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Comparable results.

    Args:
        title: What all panels have in common.
        panels: Rows of panels; a panel has a title and lines.
        legend: Colours of systems or indexes, and styles of kinds of distractors.
    """

    title: str
    panels: Sequence[Sequence[tuple[str, Sequence[Line]]]]
    legend: Sequence[tuple[str, str, Any]]

    @property
    def height_inches(self) -> float:
        """Height of all rows, with room for the lines below each panel."""
        below = [max(len(notes_below(lines)) for _, lines in row) for row in self.panels]
        return _PANEL_INCHES[1] * len(below) + _LINE_INCHES * sum(below)

    @classmethod
    def of(cls, results: Sequence[Result], metric: str) -> "_Group":
        lines = _lines(results, metric)
        systems = list(dict.fromkeys(system for system, *_ in lines))
        indexes = list(dict.fromkeys(index for _, index, *_ in lines))
        kinds = [kind for _, _, kind, _ in lines]
        styles = _styles(set(kinds))
        several = len(systems) > 1
        names = systems if several else indexes
        # With one system and one index, colours are free for kinds of distractors.
        coloured = names if len(names) > 1 else list(styles)
        colours = dict(zip(coloured, cycle(_COLOURS), strict=False))
        drawn = {
            (index, curve.tolerance_s, system, kind): Line(
                result=result,
                curve=curve,
                name=system if several else (index if len(indexes) > 1 else ""),
                colour=colours[(system if several else index) if len(names) > 1 else kind],
                style=styles[kind],
            )
            for (system, index, kind, _), (result, curve) in lines.items()
        }
        tolerances = list(dict.fromkeys(key[3] for key in lines))
        rows = []
        for shown in [[index] for index in indexes] if several else [indexes]:
            title = f"{shown[0]}, " if several and len(indexes) > 1 else ""
            rows.append(
                [
                    (title + _where(tolerance_s), panel)
                    for tolerance_s in tolerances
                    if (
                        panel := [
                            line
                            for (index, at, *_), line in drawn.items()
                            if index in shown and at == tolerance_s
                        ]
                    )
                ]
            )
        return cls(
            title=_title(results, systems, indexes),
            panels=rows,
            legend=_legend(coloured, colours, styles),
        )


def _legend(
    coloured: Sequence[str], colours: Mapping[str, str], styles: Mapping[str, str]
) -> list[tuple[str, str, Any]]:
    """Label, colour and line style of each entry."""
    if list(styles) == list(coloured):
        return [(f"{kind} distractors", colours[kind], style) for kind, style in styles.items()]
    names = [(name, colours[name], "-") for name in coloured]
    return [*names, *((f"{kind} distractors", "0.3", style) for kind, style in styles.items())]


def _draw_group(figure: Any, group: _Group, metric: str) -> None:
    figure.suptitle(group.title, x=0.01, ha="left", fontsize=13)
    columns = max(len(row) for row in group.panels)
    for row, panels in enumerate(group.panels):
        for column, (title, lines) in enumerate(panels):
            axes = figure.add_subplot(len(group.panels), columns, row * columns + column + 1)
            draw_panel(axes, lines, metric, limits=_limits(group))
            axes.set_title(title, loc="left", fontsize=11)
    _add_legend(figure, group.legend)


def _add_legend(figure: Any, entries: Sequence[tuple[str, str, Any]]) -> None:
    """Explain colours and line styles: among few lines in the first panel, otherwise beside all."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=colour, ls=style, linewidth=2) for _, colour, style in entries]
    few = len(handles) <= _FEW_ENTRIES
    target, place = (figure.axes[0], "best") if few else (figure, "outside right upper")
    names = [name for name, _, _ in entries]
    add_legend(target, handles, names, frameon=False, loc=place, fontsize=10)


def _limits(group: _Group) -> tuple[float, float]:
    """Ends of all y axes, from the data: panels side by side have one scale."""
    points = [p for row in group.panels for _, ls in row for one in ls for p in one.curve.points]
    ends = [end for p in points if p.ci.is_known for end in (p.ci.low, p.ci.high)]
    rates = [point.value for point in points]
    low, high = min([*rates, *ends]), max([*rates, *ends])
    margin = max(0.05 * (high - low), 0.005)
    return 100 * max(0.0, low - margin), 100 * min(1.0, high + margin)


def _lines(
    results: Sequence[Result], metric: str
) -> dict[tuple[str, str, str, float | None], tuple[Result, Curve]]:
    """Curves by system, index, kind of distractors and tolerance: the first one's, and any time."""
    tolerances = {results[0].curves[0].tolerance_s, None}
    lines: dict[tuple[str, str, str, float | None], tuple[Result, Curve]] = {}
    shown = [result.fingerprinter for result in results]
    for result in results:
        system = system_label(result.fingerprinter, shown, dtype=False)
        for curve in result.curves:
            if curve.metric == metric and curve.tolerance_s in tolerances:
                # A system measured with several generators has the same real curve in each result.
                key = (system, curve.index, distractor_label(result, curve), curve.tolerance_s)
                lines.setdefault(key, (result, curve))
    return lines


def _styles(kinds: set[str]) -> dict[str, str]:
    """Line styles by kind of distractors; real ones are solid."""
    ordered = sorted(kinds, key=lambda kind: (kind != "real", kind))
    solid = ("-",) if "real" in kinds else ()
    return dict(zip(ordered, chain(solid, cycle(_DASHES)), strict=False))


def _where(tolerance_s: float | None) -> str:
    return "in the right track" if tolerance_s is None else f"within {tolerance_s:g} s"


def _title(results: Sequence[Result], systems: Sequence[str], indexes: Sequence[str]) -> str:
    queries = results[0].queries
    parts = [systems[0]] if len(systems) == 1 else []
    parts += [f"{indexes[0]} search"] if len(indexes) == 1 else []
    description = f"{queries_label(queries)} from {tracks_label(queries)}"
    if queries.groups is not None:
        description += f" in {clusters_label(queries)}"
    return one_line(", ".join([*parts, f"{results[0].data.name}: {description}"]))
