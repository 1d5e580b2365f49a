"""Rooms that nobody measured: shoe boxes with one loudspeaker and one microphone."""

from functools import lru_cache

import numpy as np

from fpbench import Samples, Stream, rng_at

_REFLECTIONS = 60  # at most: a room takes 0.1 s then, and later ones are 30 dB down


@lru_cache(maxsize=128)
def simulate_room(room: int, min_rt60_s: float, max_rt60_s: float, sample_rate_hz: int) -> Samples:
    """The impulse response of room number ``room``, the same in every run.

    Args:
        room: At least 0.
        min_rt60_s: Least reverberation time.
        max_rt60_s: Greatest.
        sample_rate_hz: Of the response.

    Source: Allen and Berkley 1979, "Image method for efficiently simulating small-room
        acoustics", as pyroomacoustics has it.
    """
    import pyroomacoustics

    # Query and step are two numbers; a third keeps rooms apart from them.
    rng = rng_at(0, Stream.QUERY_DEGRADATION, room, 0, 1)
    rt60_s = rng.uniform(min_rt60_s, max_rt60_s)
    size_m = rng.uniform((3, 2.5, 2.3), (9, 7, 3.5))
    loudspeaker, microphone = (rng.uniform(0.1, 0.9, 3) * size_m for _ in range(2))
    # Sabine's formula has no answer for a big room that is nearly dead: walls absorb all then.
    volume, surface = np.prod(size_m), 2 * np.sum(size_m * np.roll(size_m, 1))
    absorption = min(0.99, 0.161 * volume / (surface * rt60_s))
    box = pyroomacoustics.ShoeBox(
        size_m,
        fs=sample_rate_hz,
        materials=pyroomacoustics.Material(absorption),
        max_order=min(_REFLECTIONS, int(np.ceil(340 * rt60_s / size_m.min()))),
    )
    box.add_source(loudspeaker)
    box.add_microphone(microphone)
    box.compute_rir()
    response: Samples = box.rir[0][0].astype(np.float32)
    response.flags.writeable = False
    return response
