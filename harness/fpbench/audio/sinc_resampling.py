"""Resamples like torchaudio by default, for fingerprinters that were trained with it."""

import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float32

from fpbench.plugin.fingerprinters import Samples

_LOBES = 6  # number of zero crossings of the sinc on each side
_ROLLOFF = 0.99  # cut-off, as a share of the lower Nyquist frequency
_PHASES_AT_ONCE = 16  # few enough that most taps of a group are not zero
_BLOCKS_AT_ONCE = 1 << 15  # limits the copy of overlapping windows to about 20 MB


def resample_sinc_hann(
    samples: Samples, from_hz: int, to_hz: int
) -> Float32[np.ndarray, " resampled"]:
    """Resample with a Hann-windowed sinc.

    Args:
        samples: Samples at ``from_hz``.
        from_hz: Rate of the input, at least 1.
        to_hz: Rate of the output, at least 1.

    Returns:
        ceil(to_hz * len(samples) / from_hz) samples; the input itself if the rates are equal.

    Source: J. O. Smith, "Digital audio resampling", with the constants and the rounding of
        ``torchaudio.transforms.Resample``, whose output this matches to 1e-6.
    """
    if from_hz == to_hz or len(samples) == 0:
        return samples
    divisor = math.gcd(from_hz, to_hz)
    step, phases = from_hz // divisor, to_hz // divisor
    length = -(-to_hz * len(samples) // from_hz)
    blocks = -(-length // phases)
    out = np.empty((blocks, phases), dtype=np.float32)
    for first, last, kernel in _kernels(step, phases):
        taps = kernel.shape[1]
        needed = (blocks - 1) * step + taps
        # Output 0 of phase p depends on the inputs around p * step / phases.
        start = _first_tap(first, step, phases)
        padded = np.zeros(needed, dtype=np.float32)
        available = samples[max(start, 0) : start + needed]
        padded[max(-start, 0) : max(-start, 0) + len(available)] = available
        windows = np.lib.stride_tricks.sliding_window_view(padded, taps)[::step]
        for block in range(0, blocks, _BLOCKS_AT_ONCE):
            rows = slice(block, block + _BLOCKS_AT_ONCE)
            np.matmul(np.ascontiguousarray(windows[rows]), kernel.T, out=out[rows, first:last])
    return out.reshape(-1)[:length]


def _reach(step: int, phases: int) -> int:
    return math.ceil(_LOBES * step / (min(step, phases) * _ROLLOFF))


def _first_tap(phase: int, step: int, phases: int) -> int:
    return phase * step // phases - _reach(step, phases)


def _kernels(step: int, phases: int) -> Iterator[tuple[int, int, Float32[np.ndarray, "_ _"]]]:
    """Filters for a few phases at a time: the first phase, the last plus one, and the taps."""
    cutoff = min(step, phases) * _ROLLOFF
    for first in range(0, phases, _PHASES_AT_ONCE):
        last = min(first + _PHASES_AT_ONCE, phases)
        start = _first_tap(first, step, phases)
        stop = (last - 1) * step // phases + _reach(step, phases) + 2
        # The only quotient that torchaudio rounds to float32.
        phase = np.arange(first, last, dtype=np.float32) / np.float32(phases)
        time = np.arange(start, stop) / step - phase[:, None].astype(np.float64)
        u = np.clip(time * cutoff, -_LOBES, _LOBES)
        window = np.cos(u * np.pi / (2 * _LOBES)) ** 2
        yield first, last, (window * np.sinc(u) * (cutoff / step)).astype(np.float32)
