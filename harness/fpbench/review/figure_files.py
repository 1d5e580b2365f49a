"""Figure files: PNG, SVG or PDF by suffix, with the same bytes on every machine and every day."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fpbench.errors import FpbenchError
from fpbench.files import atomic_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Dates and versions are left out, so that equal figures are equal bytes.
_METADATA: Mapping[str, dict[str, str | None]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}

_DPI = 150


def refuse_figure_name(path: Path) -> None:
    """Refuse a figure file whose suffix names no known format.

    Raises:
        FpbenchError: It is refused.
    """
    if path.suffix not in _METADATA:
        raise FpbenchError(
            f"'{path}' cannot hold the figure", hint="end its name in .png, .svg or .pdf"
        )


@contextmanager
def own_style() -> Iterator[None]:
    """Draw and write with matplotlib's defaults, whatever the user's ``matplotlibrc`` says.

    Settings apply both when parts of a figure are created and when it is written.
    """
    # Imported here: matplotlib takes half a second, which no other command should wait for.
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams["svg.hashsalt"] = "fpbench"  # otherwise ids in an SVG are random
        yield


def figure_bytes(figure: "Figure", suffix: str = ".png") -> bytes:
    """The file of a figure, with the format of a suffix."""
    buffer = io.BytesIO()
    with own_style():
        figure.savefig(buffer, format=suffix[1:], dpi=_DPI, metadata=_METADATA[suffix])
    return buffer.getvalue()


def write_figure(figure: "Figure", path: Path) -> None:
    """Write a figure, completely or not at all.

    Raises:
        FpbenchError: The suffix names no known format, or the file cannot be written.
    """
    refuse_figure_name(path)
    content = figure_bytes(figure, path.suffix)
    with atomic_file(path) as file:
        file.write(content)
