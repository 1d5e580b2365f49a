"""Finds the direct sound in an impulse response."""

import numpy as np
from jaxtyping import Float32

ImpulseResponse = Float32[np.ndarray, " taps"]


def remove_delay(response: ImpulseResponse) -> Float32[np.ndarray, " kept"]:
    """Cut off what is before the direct sound, so that the response adds no delay.

    The direct sound is the first sample of at least half the greatest magnitude, because in a long
    room a reflection can be a little louder than the direct sound.

    Raises:
        ValueError: The response is silent.
    """
    magnitude = np.abs(response)
    peak = float(magnitude.max(initial=0.0))
    if peak == 0:
        raise ValueError("it is silent")
    return response[int(np.argmax(magnitude >= peak / 2)) :]
