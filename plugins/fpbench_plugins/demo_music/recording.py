"""Generates thirty seconds of music: composes a piece, plays it and mixes it."""

from collections.abc import Sequence

import numpy as np

from fpbench import Samples
from fpbench_plugins.demo_music.composition import Score, compose
from fpbench_plugins.demo_music.drums import Kit, draw_kit
from fpbench_plugins.demo_music.effects import chorus, convolve, echo, room, tone_control
from fpbench_plugins.demo_music.reproducible import log_uniform, power, tanh
from fpbench_plugins.demo_music.song import Hit, Note, draw_song
from fpbench_plugins.demo_music.timbres import RATE_HZ, Instrument, draw_instrument

TRACK_S = 30.0

ROLES = {"melody": "lead", "pad": "pad", "stabs": "struck", "strum": "struck", "arpeggio": "struck"}
"""The kind of instrument for the style of a part. All other styles are played by a bass."""

LEVELS = {"lead": 0.2, "pad": 0.1, "struck": 0.13, "bass": 0.17}


def make_track(rng: np.random.Generator) -> Samples:
    """Generate a new piece; its peak is below 1."""
    score = compose(draw_song(rng), TRACK_S, rng)
    return master(mix_down(score, rng), rng)


def mix_down(score: Score, rng: np.random.Generator) -> Samples:
    """Play all parts, each with its own instrument, effects and level, and add them."""
    mix = np.zeros(round(TRACK_S * RATE_HZ), dtype=np.float32)
    tuning_cents = float(rng.normal(0, 12))
    for name, notes in score.parts.items():
        role = ROLES.get(score.song.styles[name], "bass")
        instrument = draw_instrument(role, rng)
        part = play_part(notes, instrument, len(mix), tuning_cents, rng)
        if role != "bass" and rng.random() < 0.3:
            part = chorus(part, rng.uniform(0.001, 0.004), rng.uniform(0.2, 1.2), rng)
        if role in {"lead", "struck"} and rng.random() < 0.4:
            delay_s = score.song.beat_s * float(rng.choice([0.5, 0.75, 1]))
            part = echo(part, delay_s, rng.uniform(0.2, 0.5))
        mix += set_level(part, LEVELS[role] * float(rng.uniform(0.7, 1.4)))
    if score.hits:
        mix += set_level(
            play_drums(score.hits, draw_kit(rng), len(mix), rng), rng.uniform(0.08, 0.22)
        )
    return mix


def play_part(
    notes: Sequence[Note],
    instrument: Instrument,
    samples: int,
    tuning_cents: float,
    rng: np.random.Generator,
) -> Samples:
    """Play one part."""
    out = np.zeros(samples, dtype=np.float32)
    pitches = np.array([note.pitch for note in notes])
    frequencies_hz = 440 * power(2, (pitches - 69 + tuning_cents / 100) / 12)
    for note, frequency_hz in zip(notes, frequencies_hz.tolist(), strict=True):
        sound = instrument.note(frequency_hz, note.length_s, note.velocity, rng)
        add_at(out, round(note.start_s * RATE_HZ), sound)
    return out


def play_drums(hits: Sequence[Hit], kit: Kit, samples: int, rng: np.random.Generator) -> Samples:
    """Play the drums."""
    out = np.zeros(samples, dtype=np.float32)
    for hit in hits:
        stroke = kit.stroke(hit.piece, hit.velocity, rng)
        add_at(out, round(hit.start_s * RATE_HZ), stroke.astype(np.float32))
    return out


def add_at(out: np.ndarray, start: int, sound: np.ndarray) -> None:
    """Add a sound to ``out``, in place. What exceeds the end of ``out`` is dropped."""
    end = min(len(out), start + len(sound))
    if start < end:
        out[start:end] += sound[: end - start]


def set_level(part: Samples, level: float) -> Samples:
    """Scale to a root mean square of ``level``, measured where the part is not silent."""
    sounding = part[np.abs(part) > 1e-3 * np.max(np.abs(part), initial=1e-9)]
    if not len(sounding):
        return part
    return part * np.float32(level / np.sqrt(np.mean(sounding**2, dtype=np.float64)))


def master(mix: Samples, rng: np.random.Generator) -> Samples:
    """Add reverberation, tone control, tape saturation and noise, and draw the level."""
    response = room(log_uniform(0.25, 2.2, rng), rng.random(), rng)
    response[1:] *= np.float32(rng.uniform(0.15, 1))
    high_cut_hz = float(rng.choice([7_500, 7_500, rng.uniform(3_000, 7_500)]))
    tone = tone_control(len(mix), rng.uniform(-1.5, 2), rng.uniform(25, 80), high_cut_hz)
    wet = convolve(mix, response, tone)
    wet *= np.float32(rng.uniform(0.6, 2.2) / max(1e-6, float(np.percentile(np.abs(wet), 99.5))))
    tape = tanh(wet).astype(np.float32)
    tape += np.float32(3e-4) * rng.standard_normal(len(wet), dtype=np.float32)
    fade = round(0.05 * RATE_HZ)
    tape[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    level = rng.uniform(0.35, 0.95) / float(np.max(np.abs(tape)))
    return np.asarray(tape * np.float32(level))
