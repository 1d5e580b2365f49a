"""Background noise at a signal-to-noise ratio (SNR)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from fpbench import FpbenchError, Samples, Settings, apply_options
from fpbench.audio.silence import are_silent
from fpbench_plugins.degradations.recordings import (
    Recordings,
    find_recordings,
    load_recording,
    require_range,
)

_TRIES = 50  # recordings have pauses, but so many silent stretches in a row are no accident


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseConfig:
    """Range of SNRs, and the source of the noise.

    Args:
        min_snr_db: Lowest SNR. Each query draws its own.
        max_snr_db: Highest SNR.
        folder: Folder of noise recordings; None means those of the dataset.
    """

    min_snr_db: float
    max_snr_db: float
    folder: str | None = None

    def __post_init__(self) -> None:
        require_range("snr_db", self.min_snr_db, self.max_snr_db)


DEFAULTS = NoiseConfig(min_snr_db=0.0, max_snr_db=10.0)
"""The range of NAFP."""


class Noise:
    """Implements :class:`fpbench.Degradation`."""

    context_s = 0.0
    tempo = 1.0

    def __init__(self, config: NoiseConfig, found: Recordings) -> None:
        self._config = config
        self._tracks = found.tracks
        self.recordings = found.paths
        self.skipped = found.skipped

    @classmethod
    def from_settings(cls, settings: Settings) -> "Noise":
        """Find the recordings of the settings, without those that cannot be used.

        Raises:
            FpbenchError: There are none.
        """
        config = apply_options(DEFAULTS, settings.options)
        of_dataset = settings.dataset.noise if settings.dataset else ()
        found = find_recordings(config.folder, of_dataset, settings, "noise recordings")
        if not found.tracks:
            raise FpbenchError(
                "degradation 'noise' has no recordings: the dataset has none",
                hint="put some into the dataset's folder noise/, or write in a --config file: "
                '[[recipe.degradations]], name = "noise", folder = "FOLDER"',
            )
        return cls(config, found)

    def apply(
        self, samples: Samples, context: int, sample_rate_hz: int, rng: np.random.Generator, /
    ) -> Samples:
        snr_db = self._draw_snr(rng)
        for _ in range(_TRIES):
            track = self._tracks[int(rng.integers(len(self._tracks)))]
            recording = load_recording(track, sample_rate_hz)
            noise = loop_recording(recording, rng.random(), len(samples))
            if not are_silent(noise[None, context:])[0]:
                return mix_at_snr(samples, noise, context, snr_db)
        # Of a recording that is silent nearly everywhere, the loudest sample is in the middle.
        middle = context + (len(samples) - context) // 2
        at = (int(np.argmax(np.abs(recording))) - middle) % len(recording)
        noise = loop_recording(recording, (at + 0.5) / len(recording), len(samples))
        return mix_at_snr(samples, noise, context, snr_db)

    def describe(self, rng: np.random.Generator, /) -> Mapping[str, float]:
        return {"snr_db": round(self._draw_snr(rng), 3)}

    def _draw_snr(self, rng: np.random.Generator) -> float:
        return float(rng.uniform(self._config.min_snr_db, self._config.max_snr_db))


def loop_recording(
    recording: Float32[np.ndarray, " recording"], at: float, length: int
) -> Float32[np.ndarray, " {length}"]:
    """Cut a stretch from a recording. Where the recording ends, it starts again.

    Args:
        recording: At least one sample.
        at: Where to start, as a share of the recording: at least 0 and below 1.
        length: Number of samples to return.
    """
    start = int(at * len(recording))
    return np.resize(np.roll(recording, -start) if length > 0 else recording, length)


def mix_at_snr(clean: Samples, noise: Samples, context: int, snr_db: float) -> Samples:
    """Add noise at a given signal-to-noise ratio.

    Args:
        clean: Amplitudes in [-1, 1].
        noise: As long as ``clean``, at any scale.
        context: Samples at the start that do not count for the ratio.
        snr_db: 10 log10 of the ratio of mean powers.

    Returns:
        The mix. It is not clipped and may leave [-1, 1].

    Raises:
        ValueError: The noise is silent after the context, so no gain gives the ratio.
    """
    noise_power = float(np.mean(np.square(noise[context:], dtype=np.float64)))
    if noise_power == 0:
        raise ValueError("noise is silent")
    wanted = float(np.mean(np.square(clean[context:], dtype=np.float64))) / 10 ** (snr_db / 10)
    return clean + np.float32(math.sqrt(wanted / noise_power)) * noise
