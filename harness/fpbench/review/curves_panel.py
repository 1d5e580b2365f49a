"""One panel of a curves figure: lines with bands, hours of audio, and measured gaps."""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fpbench.results.document import Curve, Result
from fpbench.review.distractor_notes import real_distractors_label
from fpbench.review.figure_texts import one_line
from fpbench.review.measured_gaps import FARTHEST, gaps_between_curves, measured_gap
from fpbench.units import short_hours, short_size

_MARKERS = {"searched": "o", "simulated": "d", "extrapolated": "s"}
_NO_BREAK = "\N{NO-BREAK SPACE}"
_FEW_DECADES = 50  # ratio of the largest size to the smallest
_MANY_DECADES = 10**5  # likewise; above it, points stand too close for a number beside one
_MOST_HOURS = 7  # ticks, whose labels are wide
_LABEL_WIDTH = 84  # characters below an axis


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A curve, and how it is drawn.

    Args:
        name: System or index, if a panel has several.
    """

    result: Result
    curve: Curve
    name: str
    colour: str
    style: str


def draw_panel(axes: Any, lines: Sequence[Line], metric: str, limits: tuple[float, float]) -> None:
    """Draw lines into empty axes.

    Args:
        axes: Axes of matplotlib.
        lines: At least one.
        metric: Metric of all lines.
        limits: Ends of the y axis, in percent.
    """
    axes.set_xscale("log")
    axes.set_ylim(*limits)
    sizes = _sizes(lines)
    margin = 1.1 if len(set(sizes)) > 1 else 2.0  # a single size needs a range around it
    axes.set_xlim(min(sizes) / margin, max(sizes) * margin)
    for line in lines:
        _draw_line(axes, line)
    _style_axes(axes, lines, metric)
    _add_hours(axes, lines)
    start = _start_of_far(lines)
    if start is not None:
        axes.axvline(start, color="0.6", linewidth=1, linestyle=":", zorder=1.2)
    for line in lines:
        _draw_gap(axes, line, lines)
    # Below the axis, because many lines leave no free place among them.
    label = ["database size (fingerprints)", *notes_below(lines)]
    axes.set_xlabel("\n".join(label), fontsize=9, linespacing=1.5)


def _sizes(lines: Sequence[Line]) -> list[int]:
    """All database sizes, distractors and reference together."""
    return [p.n_distractors + p.n_reference for line in lines for p in line.curve.points]


def _draw_line(axes: Any, line: Line) -> None:
    points = line.curve.points
    sizes = [point.n_distractors + point.n_reference for point in points]
    known = [point.ci.is_known for point in points]
    low, high = ([100 * end for end in ends] for ends in _interval_ends(line.curve))
    if len(sizes) > 1:
        axes.fill_between(sizes, low, high, where=known, color=line.colour, alpha=0.12, linewidth=0)
    elif known[0]:
        axes.vlines(sizes, low, high, color=line.colour, linestyle=line.style, linewidth=1)
    face = line.colour if line.curve.distractors == "real" else "white"
    rates = [100 * point.value for point in points]
    searched = sum(point.found == "searched" for point in points)
    look: dict[str, Any] = {"linestyle": line.style, "color": line.colour, "markerfacecolor": face}
    axes.plot(sizes[:searched], rates[:searched], linewidth=2, marker="o", markersize=6, **look)
    if searched < len(sizes):
        # From the last searched point on; it has its marker already.
        part = slice(max(searched - 1, 0), None)
        marks = [at for at, point in enumerate(points[part]) if point.found != "searched"]
        if points[-1].found == "extrapolated":
            look["linestyle"] = ":"
        axes.plot(
            sizes[part],
            rates[part],
            linewidth=1,
            marker=_MARKERS[points[-1].found],
            markevery=marks,
            markersize=6,
            zorder=1.9,
            **look,
        )


def _interval_ends(curve: Curve) -> tuple[list[float], list[float]]:
    return [point.ci.low for point in curve.points], [point.ci.high for point in curve.points]


def _style_axes(axes: Any, lines: Sequence[Line], metric: str) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes.xaxis.set_major_locator(_locator(lines))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: short_size(round(n))))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel(f"{metric.upper()} (%)", fontsize=11)
    axes.tick_params(labelsize=10)
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _locator(lines: Sequence[Line], ticks: int | None = None) -> Any:
    """Ticks at powers of ten, and at their halves and fifths where there would be few."""
    from matplotlib.ticker import LogLocator

    sizes = _sizes(lines)
    few = max(sizes) < _FEW_DECADES * min(sizes)
    return LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=ticks)


def _add_hours(axes: Any, lines: Sequence[Line]) -> None:
    """Axes at the top with hours of audio: one for each hop, because systems differ in it."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    hops: dict[float, dict[str, None]] = {}
    for line in lines:
        hops.setdefault(line.result.fingerprinter.hop_s, {})[line.name] = None
    for number, (hop_s, names) in enumerate(hops.items()):
        hours = axes.secondary_xaxis(
            1 + 0.13 * number, functions=(_scale_by(hop_s / 3600), _scale_by(3600 / hop_s))
        )
        hours.xaxis.set_major_locator(_locator(lines, ticks=_MOST_HOURS))
        hours.xaxis.set_major_formatter(FuncFormatter(lambda h, _: short_hours(h)))
        hours.xaxis.set_minor_formatter(NullFormatter())
        hours.spines["top"].set_visible(False)
        hours.tick_params(labelsize=8, colors="0.4", pad=1)
        label = "audio" if len(hops) == 1 else one_line(f"audio of {', '.join(names)}")
        hours.set_xlabel(label, fontsize=8, color="0.4", labelpad=2, loc="right")


def _scale_by(factor: float) -> Callable[..., Any]:
    return lambda n: n * factor


def notes_below(lines: Sequence[Line]) -> list[str]:
    """What stands below a panel: the measured gaps, and what is not searched."""
    points = [point for line in lines for point in line.curve.points]
    found = {point.found for point in points}
    marks = ["diamonds are simulated, not searched"] * ("simulated" in found)
    marks += ["squares on dotted lines are extrapolated, not searched"] * ("extrapolated" in found)
    far = f"right of the dotted line, at {FARTHEST} times the size of the gap: by the generator"
    beyond = [far] * (_start_of_far(lines) is not None)
    return [*gap_lines(lines), *distractor_lines(lines), *marks, *beyond]


def distractor_lines(lines: Sequence[Line]) -> list[str]:
    """Of how many tracks the real distractors are, for each system that differs in it."""
    names: dict[str, dict[str, None]] = {}
    for line in lines:
        if line.curve.distractors == "real" and line.curve.points[-1].n_distractors > 0:
            label = real_distractors_label(line.result, line.curve)
            names.setdefault(label, {})[line.name] = None
    names.pop("", None)
    several = len(names) > 1
    texts = [
        f"{', '.join(systems)}: {label}" if several and any(systems) else label
        for label, systems in names.items()
    ]
    return textwrap.wrap(f"real distractors of {'; '.join(texts)}", _LABEL_WIDTH) if texts else []


def _start_of_far(lines: Sequence[Line]) -> int | None:
    """Database size from which on a generator speaks alone; None if all points are nearer."""
    starts = [
        FARTHEST * (0 if gap is None else gap.n_distractors) + points[0].n_reference
        for line in lines
        if line.curve.distractors == "synthetic"
        for gap in [measured_gap(line.result, line.curve)]
        for points in [line.curve.points]
        if points[-1].n_distractors > FARTHEST * (0 if gap is None else gap.n_distractors)
    ]
    return min(starts, default=None)


def gap_lines(lines: Sequence[Line]) -> list[str]:
    """The measured gaps of all lines with synthetic distractors, by generator and size."""
    texts: dict[str, list[str]] = {}
    for line in lines:
        gap = measured_gap(line.result, line.curve)
        if gap is not None and line.result.generator is not None:
            paired = "" if gap.paired else ", not paired"
            size = short_size(gap.n_distractors)
            real = "held-out real" if gap.held_out else "real"
            start = f"{line.result.generator.name} minus {real} at {size}, in points{paired}: "
            name = f"{line.name} " if line.name else ""
            text = f"{name}{replace(gap, paired=True).text}".replace(" ", _NO_BREAK)
            texts.setdefault(start, []).append(text)
    return [
        part
        for start, found in texts.items()
        for part in textwrap.wrap(start + ", ".join(found), _LABEL_WIDTH)
    ]


def _draw_gap(axes: Any, line: Line, lines: Sequence[Line]) -> None:
    """Join the synthetic and the real point of one size, with the gap in points beside it."""
    gaps = gaps_between_curves(line.result, line.curve)
    real = [
        other
        for other in lines
        if other.curve.distractors == "real"
        and (other.name, other.curve.index) == (line.name, line.curve.index)
    ]
    if not gaps or not real:
        return
    gap = gaps[-1]
    pair = [
        point
        for one in (line, real[0])
        for point in one.curve.points
        if point.n_distractors == gap.n_distractors
    ]
    if len(pair) < 2:
        return
    size = pair[0].n_distractors + pair[0].n_reference
    ends = [100 * point.value for point in pair]
    axes.plot([size, size], ends, color="0.25", linewidth=1.5, zorder=1.5)
    sizes = _sizes(lines)
    if max(sizes) > _MANY_DECADES * min(sizes):  # the line below the axis says it
        return
    if sum(other.curve.distractors == "synthetic" for other in lines) > 1:
        return
    axes.annotate(
        f"{100 * gap.value:+.1f}",
        (size, ends[1]),
        xytext=(9, -4 if gap.value > 0 else 4),
        textcoords="offset points",
        va="top" if gap.value > 0 else "bottom",
        fontsize=10,
        color="0.25",
    )
