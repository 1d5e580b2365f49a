"""Where in an impulse response the sound itself arrives."""

import numpy as np
from jaxtyping import Float32

ImpulseResponse = Float32[np.ndarray, " taps"]


def remove_delay(response: ImpulseResponse) -> Float32[np.ndarray, " kept"]:
    """An impulse response without its delay, so that what went in at t comes out at t.

    The direct sound is the first sample of at least half the greatest magnitude: in a long room a
    reflection can be a little louder than what came straight.

    Raises:
        ValueError: The response is silent.
    """
    magnitude = np.abs(response)
    peak = float(magnitude.max(initial=0.0))
    if peak == 0:
        raise ValueError("it is silent")
    return response[int(np.argmax(magnitude >= peak / 2)) :]
