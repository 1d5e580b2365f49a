"""A band-pass filter, as of a loudspeaker, telephone or microphone."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfilt

from fpbench import FpbenchError, Samples, Settings, apply_options


@dataclass(frozen=True, slots=True, kw_only=True)
class BandConfig:
    """The edges of the band and their steepness.

    Args:
        low_hz: Lower frequencies are damped; None or 0 means none.
        high_hz: Higher frequencies are damped; None or 0 means none.
        order: Of the Butterworth filter at each edge: 6 dB per octave for each order.
    """

    low_hz: float | None
    high_hz: float | None
    order: int

    def __post_init__(self) -> None:
        low, high = self.low_hz or 0.0, self.high_hz or float("inf")
        if not 0 <= low < high or not 1 <= self.order <= 12:
            raise ValueError(
                f"low_hz={low} and high_hz={high} must be at least 0 and in this order, and "
                f"order={self.order} must be from 1 to 12"
            )


DEFAULTS = BandConfig(low_hz=300.0, high_hz=3_400.0, order=4)
"""The telephone band of ITU-T G.712."""


class Band:
    """Implements :class:`fpbench.Degradation`."""

    context_s = 0.1  # until the filter has settled
    recordings = ()
    tempo = 1.0

    def __init__(self, config: BandConfig) -> None:
        self._config = config

    @classmethod
    def from_settings(cls, settings: Settings) -> "Band":
        return cls(apply_options(DEFAULTS, settings.options))

    def apply(
        self, samples: Samples, context: int, sample_rate_hz: int, rng: np.random.Generator, /
    ) -> Samples:
        config, filtered = self._config, samples
        for edge_hz, kind in ((config.low_hz, "highpass"), (config.high_hz, "lowpass")):
            if not edge_hz:
                continue
            if edge_hz >= sample_rate_hz / 2:
                raise FpbenchError(
                    f"degradation 'filter' cannot have an edge at {edge_hz:g} Hz in audio "
                    f"of {sample_rate_hz} Hz",
                    hint=f"set low_hz and high_hz below {sample_rate_hz / 2:g}",
                )
            sections = butter(config.order, edge_hz, kind, fs=sample_rate_hz, output="sos")
            filtered = sosfilt(sections, filtered)
        return np.array(filtered, dtype=np.float32)
