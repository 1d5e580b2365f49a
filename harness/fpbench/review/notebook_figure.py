"""A figure that notebooks show."""

from functools import cache
from typing import TYPE_CHECKING

from fpbench.review.figure_files import figure_bytes
from fpbench.review.figure_style import load_matplotlib

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@cache
def figure_class() -> "type[Figure]":
    """The class of figures that are drawn without pyplot, whose figures notebooks would show."""
    load_matplotlib()
    from matplotlib.figure import Figure

    class NotebookFigure(Figure):
        """Shown as a PNG."""

        def _repr_png_(self) -> bytes:
            return figure_bytes(self)

    return NotebookFigure
