"""Simulated rooms: shoe boxes with one loudspeaker and one microphone."""

from functools import lru_cache

import numpy as np

from fpbench import Samples, Stream, rng_at

_REFLECTIONS = 60  # at most, which takes 0.1 s for a room; later reflections are 30 dB lower


@lru_cache(maxsize=128)
def simulate_room(room: int, min_rt60_s: float, max_rt60_s: float, sample_rate_hz: int) -> Samples:
    """The impulse response of room number ``room``, which is the same in every run.

    Args:
        room: At least 0.
        min_rt60_s: Shortest reverberation time.
        max_rt60_s: Longest reverberation time.
        sample_rate_hz: Of the response.

    Source: Allen and Berkley 1979, "Image method for efficiently simulating small-room
        acoustics", as implemented in pyroomacoustics.
    """
    import pyroomacoustics

    # Queries use addresses of two numbers, query and step. Rooms have a third.
    rng = rng_at(0, Stream.QUERY_DEGRADATION, room, 0, 1)
    rt60_s = rng.uniform(min_rt60_s, max_rt60_s)
    size_m = rng.uniform((3, 2.5, 2.3), (9, 7, 3.5))
    loudspeaker, microphone = (rng.uniform(0.1, 0.9, 3) * size_m for _ in range(2))
    # For large rooms with little reverberation, Sabine's formula gives an absorption above 1.
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
