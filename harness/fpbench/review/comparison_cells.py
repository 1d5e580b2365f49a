"""Cells of the tables of comparisons."""

from collections.abc import Sequence

from fpbench.review.differences import Difference

WIDTH = 100
"""Longest line of text, in characters."""


def join_different(texts: Sequence[str]) -> str:
    """Several texts, each once: ``11.8 k and 11.7 k``."""
    return " and ".join(dict.fromkeys(texts))


def difference_cell(difference: Difference) -> str:
    """The difference in points with its interval; a star marks one that is clear."""
    value, low, high = (100 * x for x in (difference.value, difference.low, difference.high))
    known = 0 < high - low < 200  # of the whole range, there are too few groups for an interval
    interval = f"{low:+.1f} to {high:+.1f}" if known else "no interval"
    return f"{'* ' if difference.clear else ''}{value:+.1f} ({interval})"
