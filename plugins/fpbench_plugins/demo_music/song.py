"""Properties of a piece: key, tempo, form, and the style of each part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fpbench_plugins.demo_music.reproducible import log_uniform

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "major pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
}

FORMS = ("ABAC", "AABA", "ABCB", "ABAB", "ABCA", "AABC")

METERS = ((4, 0.72), (3, 0.14), (5, 0.07), (7, 0.07))


class Note(NamedTuple):
    """A note of the score: start, length, MIDI pitch, and velocity from 0 to 1."""

    start_s: float
    length_s: float
    pitch: float
    velocity: float


class Hit(NamedTuple):
    """A stroke on one piece of the drum kit."""

    start_s: float
    piece: str
    velocity: float


class Tone(NamedTuple):
    """A note of a melody, independent of the key: times in beats, pitch in steps of the scale."""

    at: float
    length: float
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Song:
    """Properties of a whole piece.

    Args:
        tempo_bpm: Beats per minute.
        meter: Beats in a bar.
        swing: Share of a beat by which its second half is late.
        root: MIDI pitch of the key note, 48 to 59.
        scale: Name in :data:`SCALES`.
        form: One letter for each section; sections with equal letters share chords and melody.
        section_bars: Bars in a section.
        density: How busy the melody is, from 0 to 1.
        styles: Style of each part. Parts that are not listed do not play.
    """

    tempo_bpm: float
    meter: int
    swing: float
    root: int
    scale: str
    form: str
    section_bars: int
    density: float
    styles: dict[str, str]

    @property
    def beat_s(self) -> float:
        return 60 / self.tempo_bpm

    def pitch(self, step: int) -> int:
        """MIDI pitch of a step of the scale. Step 0 is the root."""
        scale = SCALES[self.scale]
        return self.root + scale[step % len(scale)] + 12 * (step // len(scale))


@dataclass(frozen=True, slots=True)
class Section:
    """What sections with equal letters share."""

    chords: Sequence[tuple[int, ...]]
    motif: Sequence[Tone]
    pattern: Sequence[float]


def draw_song(rng: np.random.Generator) -> Song:
    """Draw the properties of a piece."""
    tempo_bpm = log_uniform(64, 176, rng)
    meters, weights = zip(*METERS, strict=True)
    meter = int(rng.choice(meters, p=weights))
    styles = {"bass": str(rng.choice(["roots", "pulse", "octaves", "walking", "syncopated"]))}
    # With only a pad, the sound would not change for seconds, and queries would be alike.
    chordal = rng.permutation(["stabs", "strum", "arpeggio"])[: rng.integers(1, 3)].tolist()
    if rng.random() < 0.4:
        chordal[-1:] = ["pad"] if len(chordal) > 1 else [chordal[0], "pad"]
    styles |= {f"chords {i}": style for i, style in enumerate(chordal)}
    if rng.random() < 0.85:
        styles["lead"] = "melody"
    if rng.random() < 0.25:
        styles["second lead"] = "melody"
    if rng.random() < 0.12:
        del styles["bass"]
    if rng.random() < 0.82:
        styles["drums"] = str(rng.choice(["floor", "backbeat", "break", "half", "sparse"]))
    return Song(
        tempo_bpm=tempo_bpm,
        meter=meter,
        swing=float(rng.choice([0, 0, rng.uniform(0.04, 0.17)])),
        root=int(rng.integers(48, 60)),
        scale=str(rng.choice(list(SCALES))),
        form=str(rng.choice(FORMS)),
        section_bars=4 if meter * 60 / tempo_bpm < 2.2 else 2,
        density=float(rng.uniform(0.15, 0.95)),
        styles=styles,
    )
