"""Instruments. Each is drawn once for a piece. Its notes sound a little different every time."""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from fpbench import Samples
from fpbench_plugins.demo_music.reproducible import (
    cosine,
    decay,
    exp,
    log_uniform,
    power,
    power_of,
    sine,
)

RATE_HZ = 16_000
TOP_HZ = 7_600  # higher partials would alias

TABLE = 2_048  # samples in one period of a wave table

VOWELS_HZ = (
    (730.0, 1_090.0, 2_440.0),
    (270.0, 2_290.0, 3_010.0),
    (570.0, 840.0, 2_410.0),
    (530.0, 1_840.0, 2_480.0),
)
"""First three formants of a, i, o and e. Source: Peterson and Barney 1952."""


MALLETS = ((1.0, 4.0, 9.2), (1.0, 2.76, 5.4, 8.93), (1.0, 2.0, 2.4, 3.0, 4.5), (1.0, 3.0, 6.2))
"""Partials of a marimba, a free bar, a church bell and a bowl, relative to the lowest."""


@runtime_checkable
class Instrument(Protocol):
    """Plays one note at a time."""

    def note(
        self, frequency_hz: float, length_s: float, velocity: float, rng: np.random.Generator
    ) -> Samples: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """How the loudness of a note changes over time."""

    attack_s: float
    decay_s: float
    sustain: float
    release_s: float

    def shape(self, length_s: float, rng: np.random.Generator) -> Samples:
        """Amplitudes from the start of a note to silence, ``release_s`` after its end."""
        n = max(16, round((length_s + self.release_s) * RATE_HZ))
        t = np.arange(n) / RATE_HZ
        attack_s = self.attack_s * rng.uniform(0.8, 1.25)
        rise = np.minimum(t / attack_s, 1)
        fall = self.sustain + (1 - self.sustain) * decay(self.decay_s * RATE_HZ, n)
        released = np.clip((n / RATE_HZ - t) / self.release_s, 0, 1)
        return (rise * fall * released**2).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Additive and subtractive synthesis: harmonics, a closing filter, detuned voices.

    Args:
        tilt: Harmonic h has amplitude ``h ** -tilt``.
        even: Factor for the even harmonics: 0 sounds like a clarinet or a square wave.
        resonances_hz: Of a body, a throat or a filter. Harmonics near these are louder.
        closing_s: Time in which the filter closes.
        closed_hz: Cut-off frequency of the closed filter.
        detune_cents: For each voice.
        vibrato: Largest relative change of pitch.
        envelope: Of the amplitude.
    """

    tilt: float
    even: float
    resonances_hz: tuple[float, ...]
    closing_s: float
    closed_hz: float
    detune_cents: tuple[float, ...]
    vibrato: float
    envelope: Envelope

    def note(
        self, frequency_hz: float, length_s: float, velocity: float, rng: np.random.Generator
    ) -> Samples:
        shape = self.envelope.shape(length_s, rng)
        t = np.arange(len(shape)) / RATE_HZ
        open_table, closed_table = self._tables(frequency_hz, velocity, rng)
        closing_s = self.closing_s * rng.uniform(0.8, 1.25)
        openness = decay(closing_s * RATE_HZ, len(t)).astype(np.float32)
        rate_hz = rng.uniform(4.5, 6.5)
        # The vibrato starts after the note.
        depth = self.vibrato * np.minimum(t / 0.3, 1) / (2 * np.pi * rate_hz)
        warped = t + depth * sine(rate_hz * t + rng.random())
        total = np.zeros(len(shape), dtype=np.float32)
        for cents in self.detune_cents:
            pitch_hz = frequency_hz * power_of(2, (cents + rng.normal(0, 2)) / 1_200)
            at = ((pitch_hz * warped + rng.random()) * TABLE).astype(np.int64) & (TABLE - 1)
            total += closed_table[at] + openness * (open_table - closed_table)[at]
        return velocity * shape * total / np.float32(len(self.detune_cents))

    def _tables(
        self, frequency_hz: float, velocity: float, rng: np.random.Generator
    ) -> tuple[Float32[np.ndarray, " table"], Float32[np.ndarray, " table"]]:
        """One period with the filter open, and one with it closed."""
        h = np.arange(1, max(2, min(64, int(TOP_HZ / frequency_hz)) + 1))
        # Softly played notes are less bright.
        tilt = self.tilt * (1.25 - 0.35 * velocity) * rng.uniform(0.93, 1.07)
        strength = power(h, -tilt)
        strength[1::2] *= self.even
        for resonance_hz in self.resonances_hz:
            width_hz = 60 + 0.12 * resonance_hz
            strength *= 1 + 4 * exp(-(((h * frequency_hz - resonance_hz) / width_hz) ** 2))
        phases = rng.random(len(h))
        waves = strength * (cosine(phases) + 1j * sine(phases))
        closed = waves / (1 + (h * frequency_hz / self.closed_hz) ** 2)
        spectra = np.zeros((2, TABLE // 2 + 1), dtype=np.complex128)
        spectra[:, h] = [waves, closed]
        tables = np.fft.irfft(spectra * TABLE / np.sqrt(np.sum(strength**2)), axis=1)
        return tables[0].astype(np.float32), tables[1].astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fm:
    """Frequency modulation: electric pianos, brass, bells.

    Source: Chowning 1973, "The synthesis of complex audio spectra by means of frequency
        modulation".
    """

    ratio: float
    index: float
    index_decay_s: float
    envelope: Envelope

    def note(
        self, frequency_hz: float, length_s: float, velocity: float, rng: np.random.Generator
    ) -> Samples:
        shape = self.envelope.shape(length_s, rng)
        t = np.arange(len(shape)) / RATE_HZ
        pitch_hz = frequency_hz * power_of(2, rng.normal(0, 2) / 1_200)
        # Sidebands reach about (index + 1) modulator frequencies to either side.
        most = max(0.3, (TOP_HZ - pitch_hz) / (pitch_hz * self.ratio) - 1)
        index = min(most, self.index * velocity * rng.uniform(0.85, 1.15))
        swing = index * decay(self.index_decay_s * RATE_HZ, len(t))
        swing *= sine(pitch_hz * self.ratio * t)
        tone = sine(pitch_hz * t + swing / math.tau)
        return velocity * shape * tone.astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pluck:
    """A plucked string.

    Source: Karplus and Strong 1983, "Digital synthesis of plucked-string and drum timbres"; the
        averaging of neighbours is computed on the spectrum of one period, for all periods at once.
    """

    ring_s: float
    damping: float
    at: float
    release_s: float

    def note(
        self, frequency_hz: float, length_s: float, velocity: float, rng: np.random.Generator
    ) -> Samples:
        n = round((length_s + self.release_s) * RATE_HZ)
        period = int(RATE_HZ / frequency_hz)
        periods = int(n * frequency_hz / RATE_HZ) + 2
        k = np.arange(period // 2 + 1)
        # Harmonics that have a node where the string is plucked are silent.
        pluck_at = self.at * rng.uniform(0.85, 1.15)
        burst = np.fft.rfft(rng.uniform(-1, 1, period)) * np.abs(sine(k * pluck_at / 2))
        burst *= exp(-k * (1.3 - velocity) * 3 * frequency_hz / TOP_HZ)
        burst[0] = 0
        kept = 1 - self.damping * (1 - cosine(k / (2 * period)))
        kept *= power_of(10, -3 / (frequency_hz * self.ring_s))
        rounds = np.cumprod([np.ones_like(kept), *[kept] * (periods - 1)], axis=0)
        string = np.fft.irfft(burst * rounds, period, axis=1).ravel()
        # A period has a whole number of samples. Reading it at another speed gives the exact pitch.
        tuned = np.interp(
            np.arange(n) * (period * frequency_hz / RATE_HZ), np.arange(len(string)), string
        )
        fade = np.minimum(1, np.arange(n, 0, -1) / (self.release_s * RATE_HZ))
        loudness = velocity / max(1e-9, float(np.std(string[: 4 * period])) * 2)
        return np.asarray(loudness * fade * tuned, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mallet:
    """A bar, a bell or a bowl: a few inharmonic partials. The high ones decay faster."""

    ratios: tuple[float, ...]
    strengths: tuple[float, ...]
    ring_s: float

    def note(
        self, frequency_hz: float, length_s: float, velocity: float, rng: np.random.Generator
    ) -> Samples:
        n = round(min(3.0, max(length_s, 1.2 * self.ring_s)) * RATE_HZ)
        t = np.arange(n) / RATE_HZ
        total = np.zeros(n, dtype=np.float32)
        for i, (ratio, strength) in enumerate(zip(self.ratios, self.strengths, strict=True)):
            if frequency_hz * ratio < TOP_HZ:
                fall = decay(self.ring_s / (3 + 2.7 * i) * RATE_HZ, n)
                level = strength * rng.uniform(0.7, 1.3) * power_of(velocity, 0.3 * i)
                partial = level * fall * sine(frequency_hz * ratio * t + rng.random())
                total += partial.astype(np.float32)
        total[:32] *= np.linspace(0, 1, 32, dtype=np.float32)
        note: Samples = velocity * total * np.linspace(1, 0, n, dtype=np.float32)
        return note


@dataclass(frozen=True, slots=True, kw_only=True)
class Breath:
    """A tone mixed with narrow noise around its pitch, like a flute."""

    noise: float
    width_hz: float
    envelope: Envelope

    def note(
        self, frequency_hz: float, length_s: float, velocity: float, rng: np.random.Generator
    ) -> Samples:
        shape = self.envelope.shape(length_s, rng)
        t = np.arange(len(shape)) / RATE_HZ
        # Slow noise multiplied by a tone is noise around the tone.
        knots = rng.standard_normal(int(t[-1] * self.width_hz) + 3)
        slow = np.interp(t * self.width_hz, np.arange(len(knots)), knots).astype(np.float32)
        tone = (sine(frequency_hz * t) + 0.25 * sine(2 * frequency_hz * t + 0.2)).astype(np.float32)
        return velocity * shape * ((1 - self.noise) * tone + self.noise * slow * tone)


def draw_envelope(kind: str, rng: np.random.Generator) -> Envelope:
    """Draw an envelope of a kind: ``sustained``, ``struck`` or ``short``."""
    if kind == "sustained":
        return Envelope(
            attack_s=float(rng.uniform(0.02, 0.18)),
            decay_s=0.6,
            sustain=float(rng.uniform(0.6, 0.95)),
            release_s=float(rng.uniform(0.1, 0.4)),
        )
    return Envelope(
        attack_s=float(rng.uniform(0.002, 0.012)),
        decay_s=float(rng.uniform(0.15, 0.9) if kind == "struck" else rng.uniform(0.05, 0.2)),
        sustain=float(rng.uniform(0, 0.35)),
        release_s=float(rng.uniform(0.04, 0.15)),
    )


def draw_instrument(role: str, rng: np.random.Generator) -> Instrument:
    """Draw an instrument for a role: ``bass``, ``pad``, ``lead`` or ``struck``."""
    kinds = {
        "bass": ["wave", "wave", "fm", "pluck"],
        "pad": ["wave", "wave", "voice", "breath"],
        "lead": ["wave", "wave", "voice", "fm", "breath", "pluck", "mallet"],
        "struck": ["pluck", "pluck", "fm", "mallet", "wave"],
    }
    kind = str(rng.choice(kinds[role]))
    sustained = role in {"pad", "lead"}
    # Drawn for all kinds, though some draw another: it is part of the random sequence.
    envelope = draw_envelope("sustained" if sustained else "struck", rng)
    match kind:
        case "fm":
            return draw_fm(rng)
        case "pluck":
            return draw_pluck(rng)
        case "mallet":
            return draw_mallet(rng)
        case "breath":
            return draw_breath(envelope, rng)
        case _:
            return draw_wave(envelope, rng, voice=kind == "voice")


def draw_fm(rng: np.random.Generator) -> Fm:
    return Fm(
        ratio=float(rng.choice([0.5, 1, 1, 2, 3, 1.41, 3.5, 7])),
        index=float(rng.uniform(0.8, 5)),
        index_decay_s=float(rng.uniform(0.1, 1.2)),
        envelope=draw_envelope("struck", rng),
    )


def draw_pluck(rng: np.random.Generator) -> Pluck:
    return Pluck(
        ring_s=float(rng.uniform(0.8, 4)),
        damping=float(rng.uniform(0.1, 1)),
        at=float(rng.uniform(0.08, 0.5)),
        release_s=float(rng.uniform(0.05, 0.3)),
    )


def draw_mallet(rng: np.random.Generator) -> Mallet:
    ratios = MALLETS[rng.integers(len(MALLETS))]
    return Mallet(
        ratios=ratios,
        strengths=tuple(float(rng.uniform(0.3, 1)) / (1 + i) for i in range(len(ratios))),
        ring_s=float(rng.uniform(0.4, 2)),
    )


def draw_breath(envelope: Envelope, rng: np.random.Generator) -> Breath:
    return Breath(
        noise=float(rng.uniform(0.2, 0.8)),
        width_hz=float(rng.uniform(20, 120)),
        envelope=envelope,
    )


def draw_wave(envelope: Envelope, rng: np.random.Generator, *, voice: bool) -> Wave:
    vowel = VOWELS_HZ[rng.integers(len(VOWELS_HZ))]
    voices = int(rng.integers(1, 4))
    spread = float(rng.uniform(4, 16))
    return Wave(
        tilt=float(rng.uniform(0.5, 1.9)),
        even=float(rng.choice([1, 1, rng.uniform(0, 0.4)])),
        resonances_hz=vowel if voice else tuple(rng.uniform(200, 4_000, 2).tolist()),
        closing_s=float(rng.uniform(0.1, 1.5)),
        closed_hz=log_uniform(400, 5_000, rng),
        detune_cents=tuple(np.linspace(-spread, spread, voices).tolist()) if voices > 1 else (0.0,),
        vibrato=float(rng.choice([0, rng.uniform(0.002, 0.012)])),
        envelope=envelope,
    )
