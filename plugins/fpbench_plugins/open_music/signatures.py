"""Levels by which a recording is known, whichever encoder wrote it.

Encoders of Ogg Vorbis do not repeat their bytes: the libraries in FFmpeg and libsndfile differ, and
a rounding error of one decoder changes what another encodes. So a file of the set is known by 128
numbers: the levels of 16 bands, in decibels, at 8 moments. Nobody can hear music in them.

Two recordings are the same if they have the same number of samples, and their levels differ by
:data:`LARGEST_DISTANCE_DB` at most, on average over all that is within 50 dB of the loudest.
"""

import base64

import numpy as np
from jaxtyping import Float32, Int64

from fpbench import Samples

Levels = Float32[np.ndarray, "moments bands"]

LARGEST_DISTANCE_DB = 3.0
HOP = 80
"""Moments are multiples of this number of samples: 5 ms."""

_FRAME = 2048
_MOMENTS = 8
_EDGES = np.array(
    [13, 17, 22, 29, 38, 50, 66, 87, 114, 151, 198, 260, 342, 450, 592, 779, 1024]
)  # of 16 bands in bins of the transform, in equal steps of pitch from 100 Hz to 8 kHz
_AUDIBLE_DB = 50.0
_FLOOR_DB = -90.0
_AT_ONCE = 4096  # frames of a transform


def moments(samples: int) -> Int64[np.ndarray, " moments"]:
    """The samples at which the frames of a signature start, evenly spread over a recording."""
    last = max(0, samples - _FRAME)
    hops: Int64[np.ndarray, " moments"] = np.linspace(0, last // HOP, _MOMENTS).astype(np.int64)
    starts: Int64[np.ndarray, " moments"] = hops * HOP
    return starts


def measure_levels(recording: Samples, starts: Int64[np.ndarray, " moments"]) -> Levels:
    """Levels of frames at 16 kHz, in dB, of which -90 is the lowest.

    Args:
        recording: Mono samples.
        starts: First sample of each frame; what is beyond the end is silence.
    """
    padded = np.pad(recording, (0, _FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)
    window = np.hanning(_FRAME).astype(np.float32)
    found = []
    for at in range(0, len(starts), _AT_ONCE):
        spectra = np.fft.rfft(frames[starts[at : at + _AT_ONCE]] * window, axis=1)
        power = np.add.reduceat(np.abs(spectra) ** 2, _EDGES[:-1], axis=1)
        found.append(10 * np.log10(16 * power / _FRAME**2 + 1e-10))
    levels: Levels = np.maximum(np.concatenate(found), _FLOOR_DB).astype(np.float32)
    return levels


def measure_signature(recording: Samples) -> Levels:
    """The levels by which a whole recording is known."""
    return measure_levels(recording, moments(len(recording)))


def encode_levels(levels: Levels) -> str:
    """Levels as text, rounded to 1 dB."""
    whole = np.clip(np.round(levels) - _FLOOR_DB, 0, 255).astype(np.uint8)
    return base64.b64encode(whole.tobytes()).decode()


def decode_levels(text: str) -> Levels:
    """The levels of a text of :func:`encode_levels`."""
    whole = np.frombuffer(base64.b64decode(text), dtype=np.uint8).astype(np.float32)
    levels: Levels = (whole + np.float32(_FLOOR_DB)).reshape(_MOMENTS, -1)
    return levels


def distance_db(found: Levels, wanted: Levels) -> float:
    """Mean difference of two signatures where one of them can be heard."""
    loudest = max(found.max(), wanted.max())
    audible = np.maximum(found, wanted) > loudest - _AUDIBLE_DB
    return float(np.abs(found - wanted)[audible].mean())


def find_stretch(recording: Samples, wanted: Levels, samples: int) -> tuple[int, float]:
    """The stretch of a recording that has given levels, at any gain.

    Args:
        recording: Mono samples of the source.
        wanted: Signature of the stretch.
        samples: Length of the stretch.

    Returns:
        The first sample of the stretch, a multiple of :data:`HOP`, and the gain in dB that it
        lacks. Of stretches that are alike, it is the first.
    """
    offsets = moments(samples) // HOP
    count = max(0, len(recording) - samples) // HOP + 1
    levels = measure_levels(recording, np.arange(count + offsets[-1]) * HOP)
    audible = wanted > wanted.max() - _AUDIBLE_DB
    missing = np.concatenate(
        [
            (wanted[moment] - levels[offset : offset + count])[:, audible[moment]]
            for moment, offset in enumerate(offsets.tolist())
        ],
        axis=1,
    )
    gains = np.median(missing, axis=1)
    best = int(np.argmin(np.abs(missing - gains[:, None]).mean(axis=1)))
    return best * HOP, float(gains[best])
