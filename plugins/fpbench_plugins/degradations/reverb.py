"""Reverberation of a room between loudspeaker and microphone."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.signal import oaconvolve

from fpbench import FpbenchError, Samples, Settings, apply_options
from fpbench_plugins.building_blocks.impulse_responses import ImpulseResponse, remove_delay
from fpbench_plugins.degradations.recordings import (
    Recordings,
    find_recordings,
    load_recording,
    require_range,
)
from fpbench_plugins.degradations.rooms import simulate_room


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverbConfig:
    """Settings of recorded or simulated rooms.

    Args:
        memory_s: Impulse responses are cut to this length. The recording also plays for this long
            before the query starts, so that the room already rings.
        folder: Folder of impulse responses; None means those of the dataset.
        rooms: Number of rooms to simulate if there are no recorded responses; 0 means none.
        min_rt60_s: Shortest reverberation time (a decay of 60 dB) of a simulated room.
        max_rt60_s: Longest reverberation time.
    """

    memory_s: float
    rooms: int
    min_rt60_s: float
    max_rt60_s: float
    folder: str | None = None

    def __post_init__(self) -> None:
        if not 0 < self.memory_s <= 30 or self.rooms < 0:
            raise ValueError(
                f"memory_s={self.memory_s} must be above 0 and at most 30, and rooms={self.rooms} "
                "must be at least 0"
            )
        require_range("rt60_s", self.min_rt60_s, self.max_rt60_s)
        if self.min_rt60_s <= 0:
            raise ValueError(f"min_rt60_s={self.min_rt60_s} is not positive")


DEFAULTS = ReverbConfig(memory_s=2.0, rooms=24, min_rt60_s=0.2, max_rt60_s=0.8)


class Reverb:
    """Implements :class:`fpbench.Degradation`."""

    tempo = 1.0

    def __init__(self, config: ReverbConfig, found: Recordings) -> None:
        self._config = config
        self._tracks = found.tracks
        self.recordings = found.paths
        self.skipped = found.skipped
        self.context_s = config.memory_s

    @classmethod
    def from_settings(cls, settings: Settings) -> "Reverb":
        """Find the impulse responses of the settings, or simulate rooms if there are none.

        Raises:
            FpbenchError: There are none, and ``rooms`` is 0.
        """
        config = apply_options(DEFAULTS, settings.options)
        dataset = settings.dataset
        of_dataset = dataset.impulse_responses if dataset else ()
        found = find_recordings(
            config.folder, of_dataset, settings, "impulse responses", any_level=True
        )
        if not found.tracks and config.rooms == 0:
            raise FpbenchError(
                "degradation 'reverb' has no impulse responses and rooms=0",
                hint="put impulse responses into the dataset's folder ir/, or in a --config file: "
                '[[recipe.degradations]], name = "reverb", folder = "FOLDER", or rooms = 10 '
                "to simulate ten rooms",
            )
        return cls(config, found)

    def apply(
        self, samples: Samples, context: int, sample_rate_hz: int, rng: np.random.Generator, /
    ) -> Samples:
        config = self._config
        choice = self._draw_room(rng)
        if self.recordings:
            response = load_recording(self._tracks[choice], sample_rate_hz)
        else:
            response = simulate_room(choice, config.min_rt60_s, config.max_rt60_s, sample_rate_hz)
        longest = math.ceil(config.memory_s * sample_rate_hz)
        try:
            return convolve(samples, remove_delay(response)[:longest])
        except ValueError as err:
            raise FpbenchError(
                f"impulse response '{self.recordings[choice]}': {err}", hint="replace this file"
            ) from err

    def describe(self, rng: np.random.Generator, /) -> Mapping[str, str]:
        room = self._draw_room(rng)
        return {"room": self.recordings[room].name if self.recordings else f"simulated {room}"}

    def _draw_room(self, rng: np.random.Generator) -> int:
        return int(rng.integers(len(self.recordings) or self._config.rooms))


def convolve(samples: Samples, response: ImpulseResponse) -> Samples:
    """Convolve with a response scaled to energy 1, which keeps the power of white noise.

    Returns:
        As many samples as given. What rings after the last one is cut off.
    """
    unit = response / np.sqrt(np.sum(np.square(response, dtype=np.float64)))
    wet: Samples = oaconvolve(samples, unit)[: len(samples)].astype(np.float32)
    return wet
