"""Time stretching: faster or slower at the same pitch, as radio stations and DJs play music."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32
from numpy.lib.stride_tricks import sliding_window_view

from fpbench import Samples, Settings, apply_options
from fpbench_plugins.degradations.recordings import require_range

StretchedSamples = Float32[np.ndarray, " stretched"]

WINDOW_S = 0.064  # long enough to separate the partials of music, short enough for drums


@dataclass(frozen=True, slots=True, kw_only=True)
class StretchConfig:
    """Range of tempos; above 1 is faster and shorter. Each query draws its own."""

    min_tempo: float
    max_tempo: float

    def __post_init__(self) -> None:
        require_range("tempo", self.min_tempo, self.max_tempo)
        if not 0.25 <= self.min_tempo <= self.max_tempo <= 4:
            raise ValueError(f"tempo {self.min_tempo} to {self.max_tempo} is not within 0.25 to 4")


DEFAULTS = StretchConfig(min_tempo=0.9, max_tempo=1.1)


class Stretch:
    """Implements :class:`fpbench.Degradation`."""

    context_s = 2 * WINDOW_S
    recordings = ()

    def __init__(self, config: StretchConfig) -> None:
        self._config = config
        self.tempo = config.max_tempo

    @classmethod
    def from_settings(cls, settings: Settings) -> "Stretch":
        return cls(apply_options(DEFAULTS, settings.options))

    def apply(
        self, samples: Samples, context: int, sample_rate_hz: int, rng: np.random.Generator, /
    ) -> StretchedSamples:
        tempo = rng.uniform(self._config.min_tempo, self._config.max_tempo)
        return change_tempo(samples, tempo, 4 * round(WINDOW_S * sample_rate_hz / 4))


def change_tempo(samples: Samples, tempo: float, window: int) -> StretchedSamples:
    """Change the tempo with a phase vocoder.

    Frames are read every ``tempo * hop`` samples and written every ``hop`` samples. From frame to
    frame, the phase of a bin grows by as much as in one hop of the input, so that partials are
    continuous.

    Args:
        samples: At least one.
        tempo: Input time for each unit of output time.
        window: Samples in a frame; divisible by 4.

    Returns:
        ``round(len(samples) / tempo)`` samples, at least one.

    Source: Laroche and Dolson 1999, "Improved phase vocoder time-scale modification of audio",
        section II, without phase locking.
    """
    hop = window // 4
    length = max(1, round(len(samples) / tempo))
    frames = length // hop + 2
    at = np.round(np.arange(frames) * hop * tempo).astype(np.int64)
    # Frames are centred on their times. The difference to the frame a hop earlier is the phase
    # gain.
    padded = np.pad(samples, (window // 2 + hop, window + int(hop * (tempo + 1))))
    hann = np.hanning(window + 1)[:-1].astype(np.float32)
    stretches = sliding_window_view(padded, window)
    spectra = np.fft.rfft(stretches[at + hop] * hann)
    earlier = np.fft.rfft(stretches[at] * hann)
    phase = np.angle(spectra * earlier.conj())
    phase[0] = np.angle(spectra[0])
    pieces = np.fft.irfft(np.abs(spectra) * np.exp(1j * np.cumsum(phase, axis=0)), window) * hann
    wanted = slice(window // 2, window // 2 + length)
    weight = overlap_add(np.broadcast_to(hann**2, pieces.shape))[wanted]
    stretched: StretchedSamples = (overlap_add(pieces)[wanted] / weight).astype(np.float32)
    return stretched


def overlap_add(pieces: Float[np.ndarray, "frames window"]) -> Float[np.ndarray, " samples"]:
    """Add pieces, each of which starts a quarter of its length after the one before."""
    hop = pieces.shape[1] // 4
    out = np.zeros((len(pieces) + 3, hop))
    for quarter in range(4):
        out[quarter : quarter + len(pieces)] += pieces[:, quarter * hop : (quarter + 1) * hop]
    return out.ravel()
