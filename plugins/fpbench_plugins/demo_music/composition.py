"""Composes a piece of music as a score: which part plays which note when."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fpbench_plugins.demo_music.drumming import drum_bar
from fpbench_plugins.demo_music.parts import bass_bar, chord_bar, draw_motif, melody_bar, swing_time
from fpbench_plugins.demo_music.song import SCALES, Hit, Note, Section, Song, Tone


@dataclass(frozen=True, slots=True)
class Score:
    """A complete piece: the notes of each part, and the drums."""

    song: Song
    parts: dict[str, list[Note]]
    hits: list[Hit]


def compose(song: Song, length_s: float, rng: np.random.Generator) -> Score:
    """Compose ``length_s`` seconds. No bar repeats another one exactly."""
    sections = {letter: draw_section(song, rng) for letter in sorted(set(song.form))}
    parts: dict[str, list[Note]] = {name: [] for name in song.styles if name != "drums"}
    hits: list[Hit] = []
    time_s, bar, playing = 0.02, 0, frozenset(song.styles)
    while time_s < length_s:
        number, within = divmod(bar, song.section_bars)
        section = sections[song.form[number % len(song.form)]]
        if within == 0:
            playing = draw_players(song, number == 0, rng)
        # As with human players, the tempo changes by about a percent from bar to bar.
        beat_s = song.beat_s * (1 + 0.008 * rng.standard_normal())
        chord = section.chords[bar % len(section.chords)]
        for name in parts:
            if name in playing:
                tones = write_bar(song, name, section, chord, rng, bar=bar)
                parts[name] += humanise(tones, song, time_s, beat_s, rng)
        if "drums" in playing:
            last = within == song.section_bars - 1
            hits += drum_bar(song, time_s, beat_s, rng, fill=last and rng.random() < 0.7)
        time_s += song.meter * beat_s
        bar += 1
    return Score(song, parts, hits)


def draw_section(song: Song, rng: np.random.Generator) -> Section:
    """Draw a chord for each bar, a melody of two bars, and a rhythm for the accompaniment."""
    size = int(rng.choice([3, 3, 4]))
    steps = len(SCALES[song.scale])
    degree, chords = int(rng.choice([0, 0, 3, steps - 2])), []
    for _ in range(song.section_bars):
        chords.append(tuple(degree + 2 * i for i in range(size)))
        degree = (
            degree + int(rng.choice([3, 4, 1, -2, 2, 5], p=[0.27, 0.27, 0.14, 0.2, 0.06, 0.06]))
        ) % steps
    return Section(
        chords=chords,
        motif=draw_motif(2 * song.meter, song.density, rng),
        # The first beat is always played, so that no section is silent.
        pattern=[
            float(at)
            for at in np.arange(0, song.meter, 0.5)
            if at == 0 or rng.random() < (0.75 if at % 1 == 0 else 0.4)
        ],
    )


def draw_players(song: Song, opening: bool, rng: np.random.Generator) -> frozenset[str]:
    """Draw the parts that play in a section: most of them, fewer at the start, always chords."""
    share = 0.55 if opening and rng.random() < 0.4 else 0.88
    playing = {name for name in song.styles if rng.random() < share}
    # "chords 0" is never a pad.
    return frozenset(playing | {"chords 0"})


def write_bar(
    song: Song,
    part: str,
    section: Section,
    chord: tuple[int, ...],
    rng: np.random.Generator,
    *,
    bar: int,
) -> list[tuple[Tone, float]]:
    """Compose one bar of one part: tones (with MIDI pitches as steps) and their velocities."""
    style = song.styles[part]
    if style == "melody":
        octave = len(SCALES[song.scale]) * (2 if part == "second lead" else 1)
        return melody_bar(song, section, chord, rng, second=bar % 2 == 1, above=octave)
    if style in {"pad", "stabs", "strum", "arpeggio"}:
        return chord_bar(song, style, section, chord, rng)
    return bass_bar(song, style, section, chord, rng)


def humanise(
    tones: Sequence[tuple[Tone, float]],
    song: Song,
    bar_s: float,
    beat_s: float,
    rng: np.random.Generator,
) -> list[Note]:
    """Turn beats into seconds, with the small deviations of a human player."""
    if not tones:
        return []
    late_s = 0.007 * rng.standard_normal(len(tones))
    force = 1 + 0.13 * rng.standard_normal(len(tones))
    held = rng.uniform(0.82, 1.05, len(tones))
    return [
        Note(
            max(0.0, bar_s + beat_s * swing_time(tone.at, song.swing) + float(late_s[i])),
            float(tone.length * beat_s * held[i]),
            tone.step,
            float(np.clip(velocity * force[i], 0.15, 1)),
        )
        for i, (tone, velocity) in enumerate(tones)
    ]
