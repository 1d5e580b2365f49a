"""Effects of a mixing desk: echo, chorus, reverberation and tone control."""

import numpy as np
from jaxtyping import Float32, Float64

from fpbench import Samples
from fpbench_plugins.demo_music.reproducible import decay, power, sine
from fpbench_plugins.demo_music.timbres import RATE_HZ

RINGING = 41_600  # samples, 2.6 s
OCTAVES_PER_DECADE = 3.321928094887362


def echo(dry: Samples, delay_s: float, feedback: float) -> Samples:
    """Add repeats, each quieter than the one before by the factor ``feedback``."""
    wet, step = dry.copy(), round(delay_s * RATE_HZ)
    level = 1.0
    for i in range(1, 6):
        level *= feedback
        if i * step < len(dry):
            wet[i * step :] += np.float32(level) * dry[: len(dry) - i * step]
    return wet


def chorus(dry: Samples, depth_s: float, rate_hz: float, rng: np.random.Generator) -> Samples:
    """Add a copy with a slowly changing delay."""
    t = np.arange(len(dry))
    delay = depth_s * RATE_HZ * (1.5 + sine(rate_hz / RATE_HZ * t + rng.random()))
    at = np.maximum(t - delay, 0)
    whole = at.astype(np.int64)
    part = (at - whole).astype(np.float32)
    after = np.minimum(whole + 1, len(dry) - 1)
    copy = (1 - part) * dry[whole] + part * dry[after]
    return np.asarray(np.float32(0.6) * (dry + copy))


def room(rt60_s: float, brightness: float, rng: np.random.Generator) -> Samples:
    """An impulse response: direct sound, a few reflections, and a tail that loses brightness.

    Args:
        rt60_s: Time in which the tail falls by 60 dB.
        brightness: Of the tail, from 0 to 1.
        rng: For the reflections and the tail.
    """
    n = int(min(rt60_s, 2.5) * RATE_HZ) + 800
    t = np.arange(n) / RATE_HZ
    noise = rng.standard_normal(n)
    dull = add_neighbours(noise, 8) / 3
    fall = decay(rt60_s / 6.9 * RATE_HZ, n)
    tail = fall * (brightness * fall * noise + (1 - brightness) * dull)
    response = 0.06 * tail * np.minimum(t / 0.015, 1)
    walls = (rng.uniform(0.003, 0.05, 8) * RATE_HZ).astype(np.int64)
    np.add.at(response, walls, rng.choice([-1, 1], 8) * rng.uniform(0.1, 0.5, 8))
    response[0] = 1
    return response.astype(np.float32)


def add_neighbours(x: Float64[np.ndarray, " samples"], n: int) -> Float64[np.ndarray, " samples"]:
    """The sum of each sample, of ``n // 2`` before it and of the other ones after it."""
    padded = np.pad(x, (n // 2, n - n // 2 - 1))
    total = np.zeros(len(x))
    for i in range(n):
        total += padded[i : i + len(x)]
    return total


def convolve(
    dry: Samples, response: Float32[np.ndarray, " taps"], gain: Float32[np.ndarray, " bins"] | None
) -> Samples:
    """Convolve with an impulse response, and apply a gain to each frequency.

    Args:
        dry: Any sound.
        response: What rings after the end of ``dry`` is cut off.
        gain: From :func:`tone_control`.
    """
    size = fft_size(len(dry))
    # In float64, as the rounding of an FFT depends on the processor.
    spectrum = np.fft.rfft(dry.astype(np.float64), size)
    spectrum *= np.fft.rfft(response.astype(np.float64), size)
    if gain is not None:
        spectrum *= gain
    wet: Samples = np.fft.irfft(spectrum, size)[: len(dry)].astype(np.float32)
    return wet


def fft_size(samples: int) -> int:
    """Transform size for a sound and 2.6 s of ringing after it: a power of two."""
    return 1 << (samples + RINGING - 1).bit_length()


def tone_control(
    samples: int, tilt_db: float, low_cut_hz: float, high_cut_hz: float
) -> Float32[np.ndarray, " bins"]:
    """Gain for each frequency: ``tilt_db`` per octave around 1 kHz, less outside the cuts."""
    f = np.fft.rfftfreq(fft_size(samples), 1 / RATE_HZ)
    f[0] = f[1]
    gain = power(f / 1_000, tilt_db * OCTAVES_PER_DECADE / 20)
    low, high = (low_cut_hz / f) ** 2, (f / high_cut_hz) ** 2
    gain /= np.sqrt(1 + low**2) * np.sqrt(1 + high**2)
    return gain.astype(np.float32)
