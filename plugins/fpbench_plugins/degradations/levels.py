"""Gain, and clipping of signals that are too loud."""

from dataclasses import dataclass

import numpy as np

from fpbench import Samples, Settings, apply_options
from fpbench_plugins.degradations.recordings import require_range


@dataclass(frozen=True, slots=True, kw_only=True)
class GainConfig:
    """Range of gains. Each query draws its own, uniformly in dB."""

    min_gain_db: float
    max_gain_db: float

    def __post_init__(self) -> None:
        require_range("gain_db", self.min_gain_db, self.max_gain_db)


GAIN_DEFAULTS = GainConfig(min_gain_db=-20.0, max_gain_db=0.0)


class Gain:
    """Implements :class:`fpbench.Degradation`."""

    context_s = 0.0
    recordings = ()
    tempo = 1.0

    def __init__(self, config: GainConfig) -> None:
        self._config = config

    @classmethod
    def from_settings(cls, settings: Settings) -> "Gain":
        return cls(apply_options(GAIN_DEFAULTS, settings.options))

    def apply(
        self, samples: Samples, context: int, sample_rate_hz: int, rng: np.random.Generator, /
    ) -> Samples:
        gain_db = rng.uniform(self._config.min_gain_db, self._config.max_gain_db)
        return samples * np.float32(10 ** (gain_db / 20))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipConfig:
    """Range of overloads: by how many dB the peak is too high. Each query draws its own."""

    min_overload_db: float
    max_overload_db: float

    def __post_init__(self) -> None:
        require_range("overload_db", self.min_overload_db, self.max_overload_db)
        if self.min_overload_db < 0:
            raise ValueError(f"min_overload_db={self.min_overload_db} is negative")


CLIP_DEFAULTS = ClipConfig(min_overload_db=0.0, max_overload_db=12.0)


class Clip:
    """Implements :class:`fpbench.Degradation`."""

    context_s = 0.0
    recordings = ()
    tempo = 1.0

    def __init__(self, config: ClipConfig) -> None:
        self._config = config

    @classmethod
    def from_settings(cls, settings: Settings) -> "Clip":
        return cls(apply_options(CLIP_DEFAULTS, settings.options))

    def apply(
        self, samples: Samples, context: int, sample_rate_hz: int, rng: np.random.Generator, /
    ) -> Samples:
        overload_db = rng.uniform(self._config.min_overload_db, self._config.max_overload_db)
        peak = float(np.max(np.abs(samples[context:]), initial=0.0))
        limit = np.float32(peak / 10 ** (overload_db / 20))
        clipped: Samples = np.clip(samples, -limit, limit)
        return clipped
