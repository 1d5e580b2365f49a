"""Mel filterbanks on Slaney's scale: linear below 1 kHz, logarithmic above."""

import math

import numpy as np
from jaxtyping import Float32, Float64

_BREAK_HZ = 1000.0
_MELS_PER_HZ = 3.0 / 200.0
_BREAK_MELS = _BREAK_HZ * _MELS_PER_HZ
_LOG_STEP = math.log(6.4) / 27.0  # 27 mels above the break are a factor of 6.4


def slaney_filterbank(
    sample_rate_hz: int, n_fft: int, n_mels: int, f_min_hz: float, f_max_hz: float
) -> Float32[np.ndarray, "bins mels"]:
    """Triangles of equal area with edges equally spaced on Slaney's mel scale.

    Source: Slaney 1998, "Auditory Toolbox", as in common Python audio libraries.
    """
    edges_mel = np.linspace(hz_to_mel(f_min_hz), hz_to_mel(f_max_hz), n_mels + 2)
    return triangle_filters(mel_to_hz(edges_mel), sample_rate_hz, n_fft)


def triangle_filters(
    edges_hz: Float64[np.ndarray, " edges"], sample_rate_hz: int, n_fft: int
) -> Float32[np.ndarray, "bins mels"]:
    """Triangles over three neighbouring edges each, of area 1 in Hz.

    They are rounded to float32 before and after the division by the area, like the filterbanks
    with which published weights were trained.
    """
    bins_hz = np.arange(n_fft // 2 + 1) * (sample_rate_hz / n_fft)
    distance = edges_hz[None, :] - bins_hz[:, None]
    widths = np.diff(edges_hz)
    rising = -distance[:, :-2] / widths[:-1]
    falling = distance[:, 2:] / widths[1:]
    peaks_of_one = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    heights = 2.0 / (edges_hz[2:] - edges_hz[:-2])
    filters: Float32[np.ndarray, "bins mels"] = (peaks_of_one * heights).astype(np.float32)
    return filters


def hz_to_mel(frequency_hz: float) -> float:
    """Slaney's scale: 3/200 mel per Hz up to 1 kHz, then 27 mels for each factor of 6.4."""
    if frequency_hz < _BREAK_HZ:
        return frequency_hz * _MELS_PER_HZ
    return _BREAK_MELS + math.log(frequency_hz / _BREAK_HZ) / _LOG_STEP


def mel_to_hz(mels: Float64[np.ndarray, " edges"]) -> Float64[np.ndarray, " edges"]:
    """The inverse of :func:`hz_to_mel`."""
    below = mels / _MELS_PER_HZ
    above = _BREAK_HZ * np.exp(_LOG_STEP * (mels - _BREAK_MELS))
    return np.asarray(np.where(mels < _BREAK_MELS, below, above))
