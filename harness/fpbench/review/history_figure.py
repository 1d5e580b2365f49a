"""How a fit went, as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from fpbench.files import atomic_file

_COUNTING = "step"


def plot_history(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """One panel per statistic against steps; losses share the first. A PNG.

    Args:
        history: Each entry has ``step`` and the same statistics.
    """
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
            axes.plot(steps, [entry[name] for entry in history], marker=".", label=_words(name))
        axes.set(xlabel=_COUNTING, title=_words(title))
        axes.spines[["top", "right"]].set_visible(False)
        if len(members) > 1:
            axes.legend(frameon=False)
    with atomic_file(path) as file:
        figure.savefig(file, format="png", dpi=120, metadata={"Software": None})


def _words(name: str) -> str:
    return name.replace("_", " ")
