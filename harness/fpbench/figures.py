"""The curve as a picture, made to be shown."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fpbench.results import Curve, Result
from fpbench.sizes import short_hours, short_size

# Okabe and Ito's palette, told apart by colour-blind readers too.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_STYLES = {"real": "-", "synthetic": "--"}


def plot_curves(results: Sequence[Result], path: Path, *, metric: str = "hr@1") -> None:
    """Hit rate against database size, with the intervals as bands; a PNG.

    Solid lines have real distractors, dashed ones synthetic; one colour for each system and index.
    The tolerance is that of the first curve.
    """
    # Imported here: matplotlib takes half a second.
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullFormatter

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    tolerance_s = results[0].curves[0].tolerance_s
    lines = [
        (r, c)
        for r in results
        for c in r.curves
        if (c.metric, c.tolerance_s) == (metric, tolerance_s)
    ]
    groups = sorted({_group(result, curve) for result, curve in lines})
    for result, curve in lines:
        colour = _COLOURS[groups.index(_group(result, curve)) % len(_COLOURS)]
        sizes = [point.n_distractors + point.n_reference for point in curve.points]
        low = [100 * point.ci.low for point in curve.points]
        high = [100 * point.ci.high for point in curve.points]
        axes.fill_between(sizes, low, high, color=colour, alpha=0.12, linewidth=0)
        axes.plot(
            sizes,
            [100 * point.value for point in curve.points],
            _STYLES[curve.distractors],
            marker="o",
            markersize=4,
            color=colour,
            label=_label(result, curve),
        )
    axes.set_xscale("log")
    axes.set_ylim(0, 100)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: short_size(round(n))))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("database size (fingerprints)")
    axes.set_ylabel(f"{metric.upper()} (%)")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(_title(results, tolerance_s), loc="left", fontsize=11)
    axes.legend(frameon=False, loc="best")
    hop_s = results[0].fingerprinter.hop_s
    if all(result.fingerprinter.hop_s == hop_s for result in results):
        hours = axes.secondary_xaxis("top", functions=(_times(hop_s / 3600), _times(3600 / hop_s)))
        hours.xaxis.set_major_formatter(FuncFormatter(lambda h, _: short_hours(h)))
        hours.xaxis.set_minor_formatter(NullFormatter())
        hours.spines["top"].set_visible(False)
        hours.tick_params(labelsize=8, colors="0.4")
    # Software and creation date are left out, so that equal results are equal bytes.
    figure.savefig(path, dpi=150, metadata={"Software": None})


def _times(factor: float) -> Callable[..., Any]:
    return lambda n: n * factor


def _group(result: Result, curve: Curve) -> tuple[str, str]:
    return (result.fingerprinter.name, curve.index)


def _label(result: Result, curve: Curve) -> str:
    kind: str = curve.distractors
    if kind == "synthetic" and result.generator is not None:
        kind = result.generator.name
    return f"{result.fingerprinter.name}, {curve.index}, {kind} distractors"


def _title(results: Sequence[Result], tolerance_s: float | None) -> str:
    queries = results[0].queries
    where = "in the right track" if tolerance_s is None else f"within {tolerance_s:g} s"
    return f"{results[0].data.name}: {queries.n} queries of {queries.length_s:g} s, {where}"
