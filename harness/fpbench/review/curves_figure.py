"""Figure of hit rate against database size."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fpbench.errors import FpbenchError
from fpbench.files import atomic_file
from fpbench.results.comparable import ComparisonKey
from fpbench.results.document import Curve, Result
from fpbench.results.names import system_label
from fpbench.review.synthetic_labels import distractor_label
from fpbench.units import short_hours, short_size

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's palette, which colour-blind readers can distinguish, too.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("--", ":", "-.")

Lines = Mapping[tuple[str, str, str], tuple[Result, Curve]]
"""Curves by system, index and kind of distractors."""


def plot_curves(results: Sequence[Result], path: Path, *, metric: str = "hr@1") -> None:
    """Write the figure of :func:`draw_curves` to a PNG file."""
    figure = draw_curves(results, metric=metric)
    with atomic_file(path) as file:
        file.write(_png(figure))


def draw_curves(results: Sequence[Result], *, metric: str = "hr@1") -> "Figure":
    """Plot hit rate against database size, with the intervals as bands.

    Solid lines are for real distractors, dashed ones for synthetic, with one style per generator.
    For one system there is one panel, and a colour for each index. For several systems there is a
    panel for each index, and a colour for each system. The tolerance is that of the first curve.
    Results with different audio or queries cannot be compared and get separate rows.

    Raises:
        FpbenchError: There is no curve of the metric.
    """
    together: dict[ComparisonKey, list[Result]] = {}
    for result in results:
        if any(curve.metric == metric for curve in result.curves):
            together.setdefault(ComparisonKey.of(result), []).append(result)
    if not together:
        raise FpbenchError(f"there is no curve of {metric} to draw", hint="give other results")
    groups = [_Group.of(comparable, metric) for comparable in together.values()]
    width = max(8, 6 * max(len(group.panels) for group in groups))
    figure = _figure_class()(figsize=(width, 5 * len(groups)), layout="constrained")
    parts: Any = [figure] if len(groups) == 1 else figure.subfigures(len(groups), 1)
    for part, group in zip(parts, groups, strict=True):
        _draw_group(part, group, metric)
    return figure


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Comparable results, with the colours and line styles that distinguish their curves."""

    title: str
    lines: Lines
    several_systems: bool
    panels: Sequence[Sequence[str]]
    colours: Mapping[str, str]
    styles: Mapping[str, Any]

    @classmethod
    def of(cls, results: Sequence[Result], metric: str) -> "_Group":
        tolerance_s = results[0].curves[0].tolerance_s
        lines = _lines(results, metric, tolerance_s)
        systems, indexes = (list(dict.fromkeys(key[part] for key in lines)) for part in (0, 1))
        several = len(systems) > 1
        return cls(
            title=_title(results, systems, tolerance_s),
            lines=lines,
            several_systems=several,
            panels=[[index] for index in indexes] if several else [indexes],
            colours=dict(zip(systems if several else indexes, cycle(_COLOURS), strict=False)),
            styles=_styles({kind for _, _, kind in lines}),
        )


def _draw_group(figure: Any, group: _Group, metric: str) -> None:
    figure.suptitle(group.title, x=0.01, ha="left", fontsize=11)
    for number, shown in enumerate(group.panels):
        axes = figure.add_subplot(1, len(group.panels), number + 1)
        lines = {key: line for key, line in group.lines.items() if key[1] in shown}
        for (system, index, kind), (_, curve) in lines.items():
            colour = group.colours[system if group.several_systems else index]
            _draw(axes, curve, colour, group.styles[kind])
        _style_axes(axes, lines, metric)
        _add_legend(axes, group.colours, group.styles)
        if group.several_systems:
            axes.set_title(shown[0], loc="left", fontsize=10)


@cache
def _figure_class() -> "type[Figure]":
    # Imported here: matplotlib takes half a second.
    from matplotlib.figure import Figure

    class CurvesFigure(Figure):
        """A figure that notebooks show; they show other figures only if pyplot made them."""

        def _repr_png_(self) -> bytes:
            return _png(self)

    return CurvesFigure


def _png(figure: "Figure") -> bytes:
    buffer = io.BytesIO()
    # Software and creation date are left out, so that equal results are equal bytes.
    figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    return buffer.getvalue()


def _lines(results: Sequence[Result], metric: str, tolerance_s: float | None) -> Lines:
    lines: dict[tuple[str, str, str], tuple[Result, Curve]] = {}
    shown = [result.fingerprinter for result in results]
    for result in results:
        system = system_label(result.fingerprinter, shown, dtype=False)
        for curve in result.curves:
            if (curve.metric, curve.tolerance_s) == (metric, tolerance_s):
                # A system measured with several generators has the same real curve in each result.
                key = (system, curve.index, distractor_label(result, curve))
                lines.setdefault(key, (result, curve))
    return lines


def _styles(kinds: set[str]) -> dict[str, Any]:
    """Line styles by kind of distractors; real ones are solid."""
    ordered = sorted(kinds, key=lambda kind: (kind != "real", kind))
    solid = ("-",) if "real" in kinds else ()
    return dict(zip(ordered, chain(solid, cycle(_DASHES)), strict=False))


def _draw(axes: Any, curve: Curve, colour: str, style: str) -> None:
    sizes = [point.n_distractors + point.n_reference for point in curve.points]
    low = [100 * point.ci.low for point in curve.points]
    high = [100 * point.ci.high for point in curve.points]
    values = [100 * point.value for point in curve.points]
    if len(sizes) > 1:
        axes.fill_between(sizes, low, high, color=colour, alpha=0.1, linewidth=0)
    else:
        axes.vlines(sizes, low, high, color=colour, linestyle=style, linewidth=1)
    axes.plot(sizes, values, linestyle=style, marker="o", markersize=4, color=colour)


def _style_axes(axes: Any, lines: Lines, metric: str) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes.set_xscale("log")
    axes.set_ylim(0, 100)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: short_size(round(n))))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("database size (fingerprints)")
    axes.set_ylabel(f"{metric.upper()} (%)")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    hops = {result.fingerprinter.hop_s for result, _ in lines.values()}
    if len(hops) == 1:
        hop_s = hops.pop()
        hours = axes.secondary_xaxis(
            "top", functions=(_scale_by(hop_s / 3600), _scale_by(3600 / hop_s))
        )
        hours.xaxis.set_major_formatter(FuncFormatter(lambda h, _: short_hours(h)))
        hours.xaxis.set_minor_formatter(NullFormatter())
        hours.spines["top"].set_visible(False)
        hours.tick_params(labelsize=8, colors="0.4")


def _add_legend(axes: Any, colours: Mapping[str, str], styles: Mapping[str, Any]) -> None:
    """Explain colours and line styles, instead of one legend row for each curve."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, marker="o", markersize=4, label=name)
        for name, colour in colours.items()
    ]
    handles += [
        Line2D([], [], color="0.3", linestyle=style, label=f"{kind} distractors")
        for kind, style in styles.items()
    ]
    axes.legend(handles=handles, frameon=False, loc="best", fontsize=9)


def _scale_by(factor: float) -> Callable[..., Any]:
    return lambda n: n * factor


def _title(results: Sequence[Result], systems: Sequence[str], tolerance_s: float | None) -> str:
    queries, system = results[0].queries, f"{systems[0]}, " if len(systems) == 1 else ""
    where = "in the right track" if tolerance_s is None else f"within {tolerance_s:g} s"
    description = f"{queries.n} queries of {queries.length_s:g} s, {where}"
    return f"{system}{results[0].data.name}: {description}"
