"""Generates background noises and impulse responses of rooms."""

import math

import numpy as np
from jaxtyping import Float

from fpbench import Samples
from fpbench_plugins.demo_music.effects import room
from fpbench_plugins.demo_music.recording import add_at
from fpbench_plugins.demo_music.reproducible import (
    cosine,
    decay,
    log_uniform,
    power,
    power_of,
    sine,
)
from fpbench_plugins.demo_music.timbres import RATE_HZ, VOWELS_HZ, Envelope, Wave

NOISE_S = 10.0
NOISES = ("wind", "rain", "hum", "babble", "pink", "traffic", "dishes")


def background(kind: str, rng: np.random.Generator) -> Samples:
    """Ten seconds of one of :data:`NOISES`, peak below 1."""
    make = {
        "wind": wind,
        "rain": rain,
        "hum": hum,
        "babble": babble,
        "pink": lambda rng: coloured_noise(rng.uniform(0.8, 1.2), rng),
        "traffic": traffic,
        "dishes": dishes,
    }
    noise = make[kind](rng)
    return np.asarray(0.6 * noise / np.max(np.abs(noise)), dtype=np.float32)


def impulse_response(rng: np.random.Generator) -> Samples:
    """Draw a room, from a closet to a hall. It starts with the direct sound; the peak is 0.9."""
    response = room(log_uniform(0.12, 1.8, rng), rng.random(), rng)
    # Far from the loudspeaker, the direct sound is weaker.
    response[1:] *= np.float32(rng.uniform(0.5, 2))
    return response * np.float32(0.9 / np.max(np.abs(response)))


def coloured_noise(slope: float, rng: np.random.Generator) -> Float[np.ndarray, " samples"]:
    """Noise whose power falls as frequency to the power of ``slope``; 1 is pink, 2 is brown."""
    n = round(NOISE_S * RATE_HZ)
    f = np.fft.rfftfreq(n, 1 / RATE_HZ)
    spectrum = np.fft.rfft(rng.standard_normal(n)) * power(np.maximum(f, 20), -slope / 2)
    spectrum[0] = 0
    noise = np.fft.irfft(spectrum, n)
    return np.asarray(noise / np.std(noise))


def wandering_level(rate_hz: float, rng: np.random.Generator) -> Float[np.ndarray, " samples"]:
    """A level that moves between 0 and 1, with about ``rate_hz`` changes per second."""
    t = np.arange(round(NOISE_S * RATE_HZ)) / RATE_HZ
    knots = rng.random(int(NOISE_S * rate_hz) + 3)
    return np.asarray(np.interp(t * rate_hz, np.arange(len(knots)), knots))


def wind(rng: np.random.Generator) -> Float[np.ndarray, " samples"]:
    """Gusts of wind. Louder ones have more high frequencies."""
    gust = wandering_level(rng.uniform(0.5, 1.5), rng)
    low, high = coloured_noise(2.2, rng), coloured_noise(1.0, rng)
    return np.asarray(low * (0.3 + gust) + rng.uniform(0.2, 0.8) * high * gust**2)


def rain(rng: np.random.Generator) -> Float[np.ndarray, " samples"]:
    """A hiss, and single drops nearby."""
    hiss = coloured_noise(rng.uniform(-0.3, 0.5), rng) * (0.8 + 0.2 * wandering_level(2.0, rng))
    drops = np.zeros(len(hiss))
    t = np.arange(400) / RATE_HZ
    for start in rng.integers(0, len(drops), int(rng.uniform(50, 400))):
        pitch_hz = rng.uniform(800, 5_000)
        add_at(
            drops,
            int(start),
            rng.exponential(2) * decay(RATE_HZ / 400, len(t)) * sine(pitch_hz * t),
        )
    return hiss + drops


def hum(rng: np.random.Generator) -> Float[np.ndarray, " samples"]:
    """Mains hum, as of a fan or a refrigerator."""
    t = np.arange(round(NOISE_S * RATE_HZ)) / RATE_HZ
    mains_hz = rng.choice([50, 60]) * rng.uniform(0.998, 1.002)
    total = np.asarray(rng.uniform(0.3, 1.5) * coloured_noise(1.3, rng))
    for h in range(1, 30):
        level = rng.exponential(1.5) / power_of(h, 0.8) * (1.5 if h % 2 == 0 else 1)
        total = total + level * sine(mains_hz * h * t + rng.random())
    return np.asarray(total)


def babble(rng: np.random.Generator) -> Float[np.ndarray, " samples"]:
    """A crowd: several voices with random vowels and consonants."""
    total = np.zeros(round(NOISE_S * RATE_HZ))
    fade = 0.5 - 0.5 * cosine(np.arange(899) / 898)
    for _ in range(int(rng.integers(5, 14))):
        voice_hz, nearness, at_s = rng.uniform(85, 260), rng.exponential(1), rng.uniform(0, 0.5)
        while at_s < NOISE_S:
            syllable_s = rng.uniform(0.08, 0.3)
            sound = syllable(rng).note(
                voice_hz * power_of(2, rng.normal(0, 0.15)),
                syllable_s,
                rng.uniform(0.4, 1),
                rng,
            )
            add_at(total, int(at_s * RATE_HZ), nearness * sound)
            if rng.random() < 0.5:
                consonant = np.diff(rng.standard_normal(900)) * fade
                add_at(total, int(at_s * RATE_HZ), 0.15 * nearness * consonant)
            at_s += syllable_s * rng.uniform(0.8, 1.3) + (rng.random() < 0.1) * rng.uniform(0.3, 1)
    return np.asarray(total + 0.05 * np.std(total) * coloured_noise(1.0, rng))


def syllable(rng: np.random.Generator) -> Wave:
    """Draw a vowel."""
    formants = VOWELS_HZ[rng.integers(len(VOWELS_HZ))]
    return Wave(
        tilt=1.0,
        even=1.0,
        resonances_hz=tuple(f * rng.uniform(0.85, 1.15) for f in formants),
        closing_s=0.5,
        closed_hz=3_000.0,
        detune_cents=(0.0,),
        vibrato=0.02,
        envelope=Envelope(attack_s=0.03, decay_s=0.3, sustain=0.6, release_s=0.06),
    )


def traffic(rng: np.random.Generator) -> Float[np.ndarray, " samples"]:
    """A road: a rumble, and passing cars."""
    t = np.arange(round(NOISE_S * RATE_HZ)) / RATE_HZ
    total = 0.5 * coloured_noise(2.0, rng)
    for _ in range(int(rng.integers(2, 6))):
        passing = 1 / (1 + ((t - rng.uniform(0, NOISE_S)) / rng.uniform(0.4, 1.5)) ** 2)
        motor = sine(rng.uniform(50, 110) * t + 3 / math.tau * sine(0.3 * t))
        total = total + rng.uniform(0.5, 2) * passing * (coloured_noise(0.9, rng) + 0.7 * motor)
    return total


def dishes(rng: np.random.Generator) -> Float[np.ndarray, " samples"]:
    """A kitchen or a café: dishes that ring when they are put down."""
    total = 0.25 * coloured_noise(1.0, rng)
    t = np.arange(3_000) / RATE_HZ
    for start in rng.integers(0, len(total), int(rng.uniform(15, 50))):
        ring = sum(
            rng.exponential(1) * decay(RATE_HZ / rng.uniform(20, 90), len(t)) * sine(f * t)
            for f in rng.uniform(700, 6_500, 5)
        )
        add_at(total, int(start), rng.exponential(1.5) * ring)
    return total
