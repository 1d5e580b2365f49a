"""Figure files: PNG, SVG or PDF by suffix, with the same bytes on every machine and every day."""

import io
from collections.abc import Callable, Mapping
from logging import getLogger
from pathlib import Path
from typing import TYPE_CHECKING

from fpbench.errors import FpbenchError
from fpbench.files import write_output
from fpbench.review.figure_style import own_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Dates and versions are left out, so that equal figures are equal bytes.
_METADATA: Mapping[str, dict[str, str | None]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}

_DPI = 150

logger = getLogger(__name__)


def refuse_figure_name(path: Path) -> None:
    """Refuse a figure file whose suffix names no known format.

    Raises:
        FpbenchError: It is refused.
    """
    if path.suffix not in _METADATA:
        raise FpbenchError(
            f"'{path}' cannot hold the figure", hint="end its name in .png, .svg or .pdf"
        )


def figure_bytes(figure: "Figure", suffix: str = ".png") -> bytes:
    """The file of a figure, with the format of a suffix."""
    buffer = io.BytesIO()
    with own_style():
        figure.savefig(buffer, format=suffix[1:], dpi=_DPI, metadata=_METADATA[suffix])
    return buffer.getvalue()


def write_figure(draw: Callable[[], "Figure"], path: Path) -> None:
    """Draw a figure and write it, completely or not at all.

    A figure that cannot be drawn is a warning: the numbers that it would have shown are worth more,
    and fonts, libraries and settings of a machine are beyond what can be checked before.

    Raises:
        FpbenchError: The suffix names no known format, ``draw`` refuses what it is to show, or the
            file cannot be written.
    """
    refuse_figure_name(path)
    try:
        content = figure_bytes(draw(), path.suffix)
    except FpbenchError:
        raise
    except Exception as err:  # matplotlib raises all kinds for the faults of a machine
        reason = str(err).strip().partition("\n")[0]
        logger.warning("there is no figure %s: %s: %s", path, type(err).__name__, reason)
        logger.debug("the figure failed", exc_info=err)
        return
    write_output(path, content)
