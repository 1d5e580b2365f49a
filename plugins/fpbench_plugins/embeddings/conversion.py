"""Turns mapped matrices of other types into float32, in bounded memory."""

from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from fpbench import Vectors
from fpbench.files import make_folder

LARGE_BYTES = 256 << 20
"""From this size on, converted rows go to a temporary file instead of the memory."""

_BLOCK_ROWS = 16_384


def to_float32(rows: np.ndarray, scratch: Path | None) -> Vectors:
    """Rows as float32 in row-major order; the rows themselves if they are that.

    Args:
        rows: Floats of any size, byte order and order of axes, perhaps a memory map.
        scratch: Folder for a temporary file, which vanishes with the process; None converts in
            memory whatever the size.

    Raises:
        OSError: The temporary file cannot be written.
    """
    if rows.dtype == np.float32 and rows.flags.c_contiguous:
        return rows
    if scratch is None or 4 * rows.size < LARGE_BYTES:
        return _convert(rows)
    with TemporaryFile(dir=make_folder(scratch)) as file:
        for start in range(0, len(rows), _BLOCK_ROWS):
            block = rows[start : start + _BLOCK_ROWS]
            file.write(_convert(block).data)
        file.flush()
        return np.memmap(file, dtype=np.float32, mode="r+", shape=rows.shape)


def _convert(rows: np.ndarray) -> Vectors:
    """Rows as float32; what is too large becomes infinite, which is refused with its row."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(rows, dtype=np.float32)
