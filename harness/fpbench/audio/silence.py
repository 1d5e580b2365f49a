"""How much of a stretch of a recording is silent."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float32, Float64

SILENCE_PEAK = 1e-4  # -80 dBFS: three quantisation steps of 16 bits, so nothing but dither

MOST_SILENT_SHARE = 0.1
"""Largest share of a query that may be silent: music has rests, but rests alone have no answer."""

Stretches = Sequence[tuple[float, float]]
"""Start and end of the silent stretches of a recording, in seconds and in order."""


def are_silent(rows: Float32[np.ndarray, "rows samples"]) -> Bool[np.ndarray, " rows"]:
    """Whether each row never leaves its middle by more than :data:`SILENCE_PEAK`.

    The middle need not be 0: converters add an offset, and some codecs of 8 bits have no zero.
    """
    highest, lowest = rows.max(axis=1), rows.min(axis=1)
    # Compared with 0, too, so that rounding of an odd middle decides nothing.
    near_zero = np.maximum(highest, -lowest) <= SILENCE_PEAK
    silent: Bool[np.ndarray, " rows"] = near_zero | (highest - lowest <= 2 * SILENCE_PEAK)
    return silent


def silent_share(
    stretches: Stretches, start_s: Float64[np.ndarray, " queries"], length_s: float
) -> Float64[np.ndarray, " queries"]:
    """Share of each query that lies in silent stretches.

    Args:
        stretches: Silent stretches of a recording.
        start_s: Start of each query in that recording.
        length_s: Length of the queries, above 0.
    """
    if not stretches:
        return np.zeros(len(start_s))
    borders = np.array(stretches).reshape(-1)
    # Silence before each border: a stretch adds its length between its start and its end.
    lengths = np.diff(borders.reshape(-1, 2), axis=1)[:, 0]
    before = np.cumsum(np.stack([np.zeros(len(lengths)), lengths], axis=1).reshape(-1))
    ends = np.interp(start_s + length_s, borders, before)
    share: Float64[np.ndarray, " queries"] = (ends - np.interp(start_s, borders, before)) / length_s
    return share


def has_sound(
    stretches: Stretches, start_s: Float64[np.ndarray, " queries"], length_s: float
) -> np.ndarray:
    """Whether each query has enough sound, see :data:`MOST_SILENT_SHARE`."""
    # A millionth allows for rounding.
    return silent_share(stretches, start_s, length_s) <= MOST_SILENT_SHARE + 1e-6


def silent_seconds(stretches: Stretches) -> float:
    """Length of all silent stretches together."""
    return sum((end_s - start_s for start_s, end_s in stretches), start=0.0)
