"""The decisions that make a piece: key, tempo, form, and how each part plays."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

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
    """A tone: when, how long, which MIDI pitch, and how hard from 0 to 1."""

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
    """A note of a melody before it is set in a key: times in beats, height in scale steps."""

    at: float
    length: float
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Song:
    """The decisions that hold for a whole piece.

    Args:
        tempo_bpm: Beats per minute.
        meter: Beats in a bar.
        swing: Share of a beat by which its second half comes late.
        root: MIDI pitch of the key note, 48 to 59.
        scale: Name in :data:`SCALES`.
        form: One letter per section; equal letters share chords and melody.
        section_bars: Bars in a section.
        density: How busy the melody is, from 0 to 1.
        styles: Of each part; a part that is not named does not play.
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
        """MIDI pitch of a step of the scale; step 0 is the root."""
        scale = SCALES[self.scale]
        return self.root + scale[step % len(scale)] + 12 * (step // len(scale))


@dataclass(frozen=True, slots=True)
class Section:
    """What sections with the same letter share."""

    chords: Sequence[tuple[int, ...]]
    motif: Sequence[Tone]
    pattern: Sequence[float]


def draw_song(rng: np.random.Generator) -> Song:
    """Decide on a piece."""
    tempo_bpm = float(np.exp(rng.uniform(math.log(64), math.log(176))))
    meters, weights = zip(*METERS, strict=True)
    meter = int(rng.choice(meters, p=weights))
    styles = {"bass": str(rng.choice(["roots", "pulse", "octaves", "walking", "syncopated"]))}
    # A pad alone stands still for seconds, and every second of it would be the same query.
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
