"""Figure of a fidelity report."""

from collections.abc import Mapping
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32, Float64

from fpbench.generators.fidelity import PROFILE_K
from fpbench.results.fidelity import FLOOR, Fidelity
from fpbench.review.figure_files import write_figure
from fpbench.review.figure_style import own_style
from fpbench.review.figure_texts import add_legend, show_as_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's palette, which colour-blind readers can distinguish, too; real is black.
_REAL = "#000000"
_COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00")
_QUANTILES = (0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999)
_MAX_QUERIES = 2_000  # 2 000 x 10 000 similarities show a tail down to 5e-8

STEPS = np.linspace(-1, 1, 801)
"""Bin edges of the similarity histogram."""


def plot_fidelity(
    report: Fidelity,
    sets: Mapping[str, np.ndarray],
    path: Path,
    *,
    queries: Float32[np.ndarray, "queries dim"] | None,
) -> None:
    """Plot marginals, similarity tails, local dimension and hit rates of all sets.

    Args:
        sets: The vectors of the report by set name, the real ones first.
        path: A PNG, SVG or PDF file, by its suffix.
        queries: Similarities are between these and each set; None for pairs within each set.
    """

    def draw() -> "Figure":
        with own_style():
            figure = _draw_figure(report, sets, queries)
            show_as_text(figure)
            return figure

    write_figure(draw, path)


def _draw_figure(
    report: Fidelity,
    sets: Mapping[str, np.ndarray],
    queries: Float32[np.ndarray, "queries dim"] | None,
) -> "Figure":
    # Imported here: matplotlib takes half a second.
    from matplotlib.figure import Figure

    others = (name for name in sets if name != FLOOR)
    colours = {FLOOR: _REAL, **dict(zip(others, cycle(_COLOURS), strict=False))}
    figure = Figure(figsize=(11, 8), layout="constrained")
    marginals, tails, profile, curves = figure.subplots(2, 2).flat
    _draw_marginals(marginals, sets, colours)
    _draw_tails(tails, sets, colours, queries)
    for name, each in (report.statistics or {}).items():
        # Copies of one row have infinite dimension, which leaves a hole.
        dimensions = np.array(each.local_dimension, dtype=np.float64)
        profile.plot(PROFILE_K[: len(dimensions)], dimensions, marker="o", color=colours[name])
    profile.set(
        xscale="log",
        xlabel="number of nearest neighbours",
        ylabel="local intrinsic dimension",
        title="Neighbourhoods of held-out fingerprints",
    )
    _draw_hit_rates(curves, report, colours)
    for axes in (marginals, tails, profile, curves):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(visible=True, alpha=0.25)
    add_legend(tails, tails.lines, sets, frameon=False)
    return figure


def _draw_marginals(axes: Any, sets: Mapping[str, np.ndarray], colours: Mapping[str, str]) -> None:
    """Plot quantiles of every dimension against real ones: equal marginals are on the diagonal."""
    real = np.quantile(sets[FLOOR], _QUANTILES, axis=0).ravel()
    for name, vectors in sets.items():
        if name != FLOOR:
            other = np.quantile(vectors, _QUANTILES, axis=0).ravel()
            axes.scatter(real, other, s=6, alpha=0.5, color=colours[name], linewidths=0)
    limits = (float(real.min()), float(real.max()))
    axes.plot(limits, limits, color=colours[FLOOR], linewidth=0.8)
    axes.set(
        xlabel="quantiles of real fingerprints",
        ylabel="the same quantiles of the others",
        title="Marginals: 0.1 % to 99.9 % in each dimension",
    )


def _draw_tails(
    axes: Any,
    sets: Mapping[str, np.ndarray],
    colours: Mapping[str, str],
    queries: Float32[np.ndarray, "queries dim"] | None,
) -> None:
    most = min(len(vectors) for vectors in sets.values())
    for name, vectors in sets.items():
        # Real rows are in the order of tracks, so take rows at equal distances.
        rows = vectors[np.linspace(0, len(vectors) - 1, min(most, 10_000)).astype(np.int64)]
        above = shares_above(rows, queries)
        shown = above > 0
        axes.plot(STEPS[:-1][shown], above[shown], color=colours[name])
    axes.set(
        yscale="log",
        xlim=(float(STEPS[:-1][above >= 0.5].max()), None),
        xlabel="similarity " + ("within the set" if queries is None else "with a query"),
        ylabel="share of pairs above this similarity",
        title="Similarity tails",
    )


def shares_above(
    rows: Float32[np.ndarray, "rows dim"], queries: Float32[np.ndarray, "queries dim"] | None
) -> Float64[np.ndarray, " steps"]:
    """The share of pairs at least as similar as each of :data:`STEPS`, without the last.

    Args:
        rows: Fingerprints, at least two.
        queries: The first 2000 are paired with all rows; None pairs rows at equal distances with
            all other rows.
    """
    if queries is None:
        chosen = np.arange(0, len(rows), max(1, len(rows) // 1_000))
        products = (rows[chosen] @ rows.T)[chosen[:, None] != np.arange(len(rows))]
    else:
        products = queries[:_MAX_QUERIES] @ rows.T
    counts, _ = np.histogram(np.clip(products, -1, 1), STEPS)
    above: Float64[np.ndarray, " steps"] = np.cumsum(counts[::-1])[::-1] / products.size
    return above


def _draw_hit_rates(axes: Any, report: Fidelity, colours: Mapping[str, str]) -> None:
    """Plot HR@1 of the first tolerance."""
    if not report.tables():
        axes.text(0.5, 0.5, "no queries given", ha="center", transform=axes.transAxes)
        axes.set(xticks=[], yticks=[], title="Hit rates")
        return
    rates = report.tables()[0]
    real, band = 100 * np.array(rates.hit_rate[FLOOR]), 100 * np.array(rates.floor)
    axes.fill_between(
        rates.sizes,
        real - band,
        real + band,
        color="0.85",
        linewidth=0,
        label="between two real halves",
    )
    for name, each in rates.hit_rate.items():
        shown = 100 * np.array(each)
        axes.plot(rates.sizes, shown, marker="o", markersize=4, color=colours[name])
    axes.set(
        xscale="log",
        xlabel="distractors",
        ylabel="expected HR@1 (%)",
        title="Hit rates, exact search",
    )
    axes.legend(frameon=False)
