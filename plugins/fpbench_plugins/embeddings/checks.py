"""Checks all rows of a matrix in one pass, block by block."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from fpbench import FpbenchError, Vectors

logger = logging.getLogger(__name__)

BLOCK_ROWS = 16_384  # 8 MB at 128 dims, which stay in the processor's cache
LENGTH_TOLERANCE = 1e-2  # rounding to float16 changes lengths by less


@dataclass(frozen=True, slots=True)
class RowLengths:
    """Lengths of all rows that are not zero.

    Args:
        shortest: Smallest length; infinite if all rows are zero.
        longest: Largest length; 0 if all rows are zero.
        shortest_row: Row of the smallest length, the first of several.
        longest_row: Row of the largest length, the first of several.
        zeros: Number of rows that are zero.
        first_zero: The first of them.
    """

    shortest: float = math.inf
    longest: float = 0.0
    shortest_row: int = 0
    longest_row: int = 0
    zeros: int = 0
    first_zero: int = 0

    @property
    def differ(self) -> bool:
        """Whether rows that are not zero have different lengths."""
        return self.longest - self.shortest > LENGTH_TOLERANCE

    def including(self, lengths: Float64[np.ndarray, " rows"], start: int) -> "RowLengths":
        """The same, including a block of rows."""
        zero = lengths == 0
        zeros = int(zero.sum())
        first_zero = self.first_zero if self.zeros or not zeros else start + int(zero.argmax())
        shown = np.where(zero, np.inf, lengths)
        low, high = int(shown.argmin()), int(lengths.argmax())
        shorter, longer = shown[low] < self.shortest, lengths[high] > self.longest
        return RowLengths(
            shortest=float(shown[low]) if shorter else self.shortest,
            longest=float(lengths[high]) if longer else self.longest,
            shortest_row=start + low if shorter else self.shortest_row,
            longest_row=start + high if longer else self.longest_row,
            zeros=self.zeros + zeros,
            first_zero=first_zero,
        )


def zero_nan(vectors: Vectors, file: Path) -> tuple[int, RowLengths]:
    """Set NaN to 0 in place, and measure the lengths of all rows.

    Returns:
        How many NaN there were, and the lengths after that.

    Raises:
        FpbenchError: A value is infinite.
    """
    n_nan, lengths = 0, RowLengths()
    for start in range(0, len(vectors), BLOCK_ROWS):
        block = vectors[start : start + BLOCK_ROWS]
        squares = np.einsum("ij,ij->i", block, block)
        # The usual case needs one pass: a sum of squares is finite only if every value is.
        if not np.isfinite(squares).all():
            n_nan += _zero_nan_in(block, start, file)
            exact = block.astype(np.float64)  # squares of large values overflow in float32
            squares = np.einsum("ij,ij->i", exact, exact)
        lengths = lengths.including(np.sqrt(squares, dtype=np.float64), start)
    return n_nan, lengths


def _zero_nan_in(block: Vectors, start: int, file: Path) -> int:
    infinite = np.isinf(block)
    if infinite.any():
        row = start + int(np.argwhere(infinite)[0, 0])
        raise FpbenchError(f"'{file}', row {row}: infinite", hint="make the file again")
    bad = np.isnan(block)
    block[bad] = 0
    return int(bad.sum())


def warn_of_lengths(lengths: RowLengths, rows: int, file: Path) -> None:
    """Warn of rows of different lengths, and of rows that are zero."""
    if 0 < lengths.zeros < rows:
        logger.warning(
            "%s: %d of %d rows are zero, the first is row %d; they match nothing, and a file that "
            "was not written to its end has such rows",
            file,
            lengths.zeros,
            rows,
            lengths.first_zero,
        )
    if lengths.differ:
        logger.warning(
            "%s: rows have lengths from %.3g (row %d) to %.3g (row %d). For such rows, exact "
            "search (inner products) and FAISS's indexes (distances) give different rankings",
            file,
            lengths.shortest,
            lengths.shortest_row,
            lengths.longest,
            lengths.longest_row,
        )


def refuse_zeros(measured: Sequence[tuple[Path, RowLengths]]) -> None:
    """Refuse files without any value but 0.

    Raises:
        FpbenchError: There is such a file.
    """
    for file, lengths in measured:
        if lengths.zeros and lengths.longest == 0:
            raise FpbenchError(f"'{file}': all rows are zero", hint="make the file again")


def warn_of_unequal_files(measured: Sequence[tuple[Path, RowLengths]]) -> None:
    """Warn if the rows of one file are longer than those of another in the same database."""
    known = [one for one in measured if one[1].longest > 0 and not one[1].differ]
    if len(known) < 2:
        return
    (short, low), (long, high) = sorted(known, key=lambda one: one[1].longest)[:: len(known) - 1]
    if high.longest - low.longest > LENGTH_TOLERANCE:
        logger.warning(
            "rows of %s have length %.3g, rows of %s %.3g. In one database, exact search (inner "
            "products) prefers the longer ones, and FAISS's indexes (distances) do not",
            short,
            low.longest,
            long,
            high.longest,
        )
