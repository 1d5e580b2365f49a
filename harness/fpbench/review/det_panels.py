"""Panels of decisions by a threshold: a DET curve, and false accepts against database size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fpbench.results.decisions import DetCurve, ErrorRate, FalseAccepts
from fpbench.review.figure_texts import add_legend
from fpbench.units import short_size

_TICKS = (
    *(0.0001, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3),
    *(0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999),
)
_NEAREST = 0.00005  # a rate of 0 or 1 lies at infinity
_MARGIN = 0.12  # beyond the data, in standard deviations
_FOR_LABELS = 0.1  # further to the left, as a share of the panel's width
_CLOSE = 0.055  # distance of two labels, as a share of the panel's height
_CLOSEST = 0.028  # likewise, where many labels are small
_MOST_LABELS = int(1 / _CLOSEST)
_LABEL_SIZE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DetLine:
    """The DET curve of one size or one system."""

    block: FalseAccepts
    label: str
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptLine:
    """False accepts at one threshold, at several sizes.

    Args:
        blocks: The sizes.
        rates: The rate at each of them, None where it is not known.
        share: The rate that the threshold gives at the smallest size.
    """

    blocks: Sequence[FalseAccepts]
    rates: Sequence[ErrorRate | None]
    share: float
    label: str
    colour: str


def draw_det_panel(axes: Any, lines: Sequence[DetLine]) -> None:
    """Draw false rejects against false accepts, on axes that are spaced like normal deviates."""
    from scipy.special import ndtr, ndtri

    scale = (lambda p: ndtri(np.clip(p, _NEAREST, 1 - _NEAREST)), ndtr)
    axes.set_xscale("function", functions=scale)
    axes.set_yscale("function", functions=scale)
    curves = [line.block.det for line in lines if line.block.det is not None]
    low_x, high_x = _limits([x for c in curves for x in c.false_accepts], _FOR_LABELS)
    low_y, high_y = _limits([y for c in curves for y in (*c.false_rejects, *c.low, *c.high)], 0.0)
    axes.set_xlim(low_x, high_x)
    axes.set_ylim(low_y, high_y)
    ends = [max(low_x, low_y), min(high_x, high_y)]
    axes.plot(ends, ends, color="0.75", linewidth=1, zorder=0.5)
    for line in lines:
        if line.block.det is not None:
            _draw_det(axes, line, line.block.det)
    _style_det(axes)
    _label_lines(axes, lines)
    axes.set_title("each curve: all thresholds at one database size", loc="left", fontsize=11)
    _explain(axes, lines)


def draw_accepts(axes: Any, lines: Sequence[AcceptLine]) -> None:
    """Draw the false accepts at the threshold of the smallest size against database size."""
    sizes = {block.n_distractors for line in lines for block in line.blocks}
    if len(sizes) < 2:
        few = "too few queries for a threshold\nthat is set at the smallest size"
        text = few if not lines else "a single size: no threshold becomes old"
        axes.axis("off")
        axes.text(0.5, 0.5, text, ha="center", va="center", fontsize=11, color="0.35")
        return
    axes.set_xscale("log")
    for line in lines:
        _draw_accepts(axes, line)
    _style_accepts(axes, lines)
    told = {_threshold(line) for line in lines}
    title = f"a threshold that gives {min(told)}, kept" if len(told) == 1 else "thresholds, kept"
    axes.set_title(title, loc="left", fontsize=11)
    entries = [line for line in lines if line.label or len(told) > 1]
    if entries:
        from matplotlib.lines import Line2D

        handles = [Line2D([], [], color=line.colour, linewidth=2) for line in entries]
        names = [
            f"{line.label or 'all impostors'}: {_threshold(line)}" if len(told) > 1 else line.label
            for line in entries
        ]
        add_legend(axes, handles, names, frameon=False, loc="upper left", fontsize=10)


def _threshold(line: AcceptLine) -> str:
    """What the threshold of a line gives at the smallest size."""
    size = short_size(line.blocks[0].n_distractors)
    return f"{100 * line.share:g} % false accepts at {size}"


def _draw_det(axes: Any, line: DetLine, curve: DetCurve) -> None:
    simulated = line.block.found == "simulated"
    style = {"color": line.colour, "linestyle": "--" if simulated else "-"}
    axes.plot(curve.false_accepts, curve.false_rejects, linewidth=2, **style)
    if curve.low:
        axes.fill_between(
            curve.false_accepts, curve.low, curve.high, color=line.colour, alpha=0.13, linewidth=0
        )
    equal = line.block.equal_error_rate.value
    axes.plot(
        [equal],
        [equal],
        marker="d" if simulated else "o",
        markersize=7,
        markeredgecolor="white",
        color=line.colour,
        zorder=3,
    )


def _label_lines(axes: Any, lines: Sequence[DetLine]) -> None:
    """Name each line left of its beginning; names that would overlap are moved apart."""
    drawn = [(line, det) for line in lines if (det := line.block.det) and det.false_accepts]
    to_panel = axes.transLimits.transform
    if not drawn:
        return
    places = []
    for line, curve in drawn:
        point = axes.transScale.transform((curve.false_accepts[0], curve.false_rejects[0]))
        x, y = to_panel(point)
        places.append((float(y), float(x), line))
    places.sort(key=lambda place: place[0])
    if len(places) > _MOST_LABELS:  # as many as fit, evenly, with the first and the last
        kept = np.linspace(0, len(places) - 1, _MOST_LABELS).round().astype(int)
        places = [places[place] for place in kept.tolist()]
    close = min(_CLOSE, 1 / len(places))
    heights = spread_labels([y for y, _, _ in places], close)
    for (wanted, x, line), y in zip(places, heights, strict=True):
        if abs(y - wanted) > close / 2:
            ends = [x - 0.008, x], [y, wanted]
            axes.plot(*ends, transform=axes.transAxes, color=line.colour, linewidth=0.6)
        axes.text(
            x - 0.012,
            y,
            line.label,
            transform=axes.transAxes,
            ha="right",
            va="center",
            fontsize=_LABEL_SIZE * min(1.0, close / (0.75 * _CLOSE)),
            fontweight="bold",
            color=line.colour,
        )


def spread_labels(heights: Sequence[float], close: float) -> list[float]:
    """Heights near the given ones, at least ``close`` apart and half of it from 0 and 1.

    Args:
        heights: Ascending, as shares of the panel's height.
        close: Smallest distance; all labels fit.
    """
    moved: list[float] = []
    for height in heights:  # up from the lowest
        moved.append(max(height, moved[-1] + close if moved else close / 2))
    highest = 1 - close / 2
    for place in reversed(range(len(moved))):  # and down again from the top
        moved[place] = min(moved[place], highest)
        highest = moved[place] - close
    return moved


def _explain(axes: Any, lines: Sequence[DetLine]) -> None:
    """What marks and dashes mean."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color="0.3", marker="o", linestyle="")]
    names = ["equal error rate"]
    if any(line.block.found == "simulated" for line in lines):
        handles.append(Line2D([], [], color="0.3", marker="d", linestyle="--"))
        names.append("simulated, not searched")
    look = {"frameon": True, "framealpha": 0.9, "edgecolor": "white"}
    add_legend(axes, handles, names, loc="upper right", fontsize=10, **look)


def _limits(rates: Sequence[float], before: float) -> tuple[float, float]:
    """Ends of an axis around some rates, with some room before them."""
    from scipy.special import ndtr, ndtri

    inside = np.clip(rates, _NEAREST, 1 - _NEAREST) if len(rates) else np.array([0.1, 0.9])
    low, high = ndtri(inside.min()) - _MARGIN, ndtri(inside.max()) + _MARGIN
    return float(ndtr(low - before * (high - low))), float(ndtr(high))


def _style_det(axes: Any) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(FixedLocator(_TICKS))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda rate, _: f"{100 * rate:g}"))
    axes.set_xlabel("false accepts (%)", fontsize=11)
    axes.set_ylabel("false rejects (%)", fontsize=11)
    _style(axes)


def _draw_accepts(axes: Any, line: AcceptLine) -> None:
    """Searched sizes as points and a line, simulated ones as diamonds and dashes."""
    known = [
        (block, rate)
        for block, rate in zip(line.blocks, line.rates, strict=True)
        if rate is not None
    ]
    searched = [pair for pair in known if pair[0].found == "searched"]
    simulated = [pair for pair in known if pair[0].found == "simulated"]
    for pairs, marker, style in ((searched, "o", "-"), (simulated, "d", "--")):
        if not pairs:
            continue
        sizes = [block.n_distractors for block, _ in pairs]
        axes.plot(
            sizes,
            [100 * rate.value for _, rate in pairs],
            color=line.colour,
            marker=marker,
            linestyle=style,
            linewidth=2,
            markersize=6,
            markerfacecolor=line.colour if marker == "o" else "white",
            zorder=3 if marker == "o" else 2,
        )
        ends = [
            (size, 100 * rate.low, 100 * rate.high)
            for size, (_, rate) in zip(sizes, pairs, strict=True)
            if rate.low is not None and rate.high is not None
        ]
        if ends:
            axes.fill_between(*zip(*ends, strict=True), color=line.colour, alpha=0.13, linewidth=0)


def _style_accepts(axes: Any, lines: Sequence[AcceptLine]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.xaxis.set_major_locator(LogLocator(numticks=14))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: short_size(round(n))))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(0, None)
    axes.set_xlabel("distractors", fontsize=11)
    axes.set_ylabel("false accepts (%)", fontsize=11)
    if any(block.found == "simulated" for line in lines for block in line.blocks):
        axes.set_xlabel("distractors (diamonds are simulated)", fontsize=11)
    _style(axes)


def _style(axes: Any) -> None:
    axes.tick_params(labelsize=10)
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
