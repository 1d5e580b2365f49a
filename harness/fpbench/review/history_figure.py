"""Figures of losses and statistics during a fit or a training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64

from fpbench.review.figure_files import write_figure
from fpbench.review.figure_style import own_style
from fpbench.review.figure_texts import add_legend, show_as_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COUNTING = "step"
_SMOOTHING = 50  # steps; single losses scatter too much to be read


def plot_history(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Plot a generator's fit: statistics against steps, one panel each.

    All losses share the first panel.

    Args:
        history: Entries that each have ``step`` and the same statistics.
        path: A PNG, SVG or PDF file, by its suffix.
    """
    write_figure(lambda: _draw_history(history), path)


def _draw_history(history: Sequence[Mapping[str, float]]) -> "Figure":
    with own_style():
        figure = _draw_panels(history)
        show_as_text(figure)
        return figure


def _draw_panels(history: Sequence[Mapping[str, float]]) -> "Figure":
    # Imported here: matplotlib takes half a second, which no other command should wait for.
    from matplotlib.figure import Figure

    names = [name for name in history[0] if name != _COUNTING]
    panels = {"loss": [name for name in names if name.endswith("loss")]}
    panels |= {name: [name] for name in names if not name.endswith("loss")}
    panels = {title: members for title, members in panels.items() if members}
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(3.4 * columns, 2.6 * rows), layout="constrained")
    for number, (title, members) in enumerate(panels.items(), start=1):
        axes = figure.add_subplot(rows, columns, number)
        for name in members:
            steps = [entry[_COUNTING] for entry in history]
            axes.plot(steps, [entry[name] for entry in history], marker=".")
        axes.set(xlabel=_COUNTING, title=_words(title))
        axes.spines[["top", "right"]].set_visible(False)
        if len(members) > 1:
            add_legend(axes, axes.lines, map(_words, members), frameon=False)
    return figure


def plot_training(
    losses: Sequence[float], validations: Sequence[tuple[int, float]], path: Path
) -> None:
    """Plot a fingerprinter's training: loss and validation hit rate against steps.

    Args:
        losses: Loss of each step.
        validations: Number of steps and the hit rate after them, from 0 to 1.
        path: A PNG, SVG or PDF file, by its suffix.
    """
    write_figure(lambda: _draw_training(losses, validations), path)


def _draw_training(losses: Sequence[float], validations: Sequence[tuple[int, float]]) -> "Figure":
    with own_style():
        return _draw_losses_and_rates(losses, validations)


def _draw_losses_and_rates(
    losses: Sequence[float], validations: Sequence[tuple[int, float]]
) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3), layout="constrained")
    loss_axes, rate_axes = figure.subplots(1, 2)
    means = smooth(np.array(losses, dtype=np.float64))
    loss_axes.plot(np.arange(1, len(means) + 1), means)
    loss_axes.set(xlabel="step", ylabel=f"loss, mean of {_SMOOTHING} steps", yscale="log")
    loss_axes.yaxis.set_major_formatter("{x:g}")
    loss_axes.yaxis.set_minor_formatter("{x:g}")
    if validations:
        steps, rates = zip(*validations, strict=True)
        rate_axes.plot(steps, [100 * rate for rate in rates], marker=".")
    rate_axes.set(xlabel="step", ylabel="HR@1 of the mini-search, %", ylim=(0, 100))
    return figure


def smooth(losses: Float64[np.ndarray, " steps"]) -> Float64[np.ndarray, " steps"]:
    """The mean of each value and up to :data:`_SMOOTHING` - 1 before it."""
    sums = np.concatenate(([0.0], np.cumsum(losses)))
    steps = np.arange(1, len(losses) + 1)
    first = np.maximum(steps - _SMOOTHING, 0)
    means: Float64[np.ndarray, " steps"] = (sums[steps] - sums[first]) / (steps - first)
    return means


def _words(name: str) -> str:
    return name.replace("_", " ")
