"""Composes one bar of melody, chords or bass. Times are in beats from the start of the bar."""

from collections.abc import Sequence

import numpy as np

from fpbench_plugins.demo_music.song import SCALES, Section, Song, Tone


def draw_motif(beats: int, density: float, rng: np.random.Generator) -> list[Tone]:
    """Draw a melody that moves along the scale and often changes direction."""
    lengths = np.array([0.25, 0.5, 1.0, 1.5, 2.0, 1 / 3])
    weights = np.array([density * density, 1.2 * density, 1.0, 0.4, 1 - density, 0.3 * density])
    at, step, tones = float(rng.choice([0, 0, 0.5, 1])), int(rng.integers(-2, 5)), []
    while at < beats - 0.2:
        length = min(float(rng.choice(lengths, p=weights / weights.sum())), beats - at)
        # The three notes of a triplet stay together.
        for _ in range(3 if length == 1 / 3 else 1):
            if rng.random() < 0.87:
                tones.append(Tone(at, length, step))
            leap = int(
                rng.choice([-4, -2, -1, 0, 1, 2, 4], p=[0.05, 0.15, 0.26, 0.1, 0.24, 0.15, 0.05])
            )
            step += leap if abs(step + leap - 2) < 8 else -leap
            at += length
    return tones


def vary_motif(motif: Sequence[Tone], rng: np.random.Generator) -> list[Tone]:
    """Change a few notes of a melody."""
    out = []
    for tone in motif:
        chance = rng.random()
        if chance < 0.07:
            continue
        if chance < 0.19:
            out.append(tone._replace(step=tone.step + int(rng.choice([-2, -1, 1, 2]))))
        elif chance < 0.29 and tone.length >= 0.5:
            half, neighbour = tone.length / 2, tone.step + int(rng.choice([-1, 1]))
            out += [Tone(tone.at, half, tone.step), Tone(tone.at + half, half, neighbour)]
        elif chance < 0.36:
            out.append(tone._replace(at=max(0.0, tone.at + float(rng.choice([-0.25, 0.25])))))
        else:
            out.append(tone)
    return out


def melody_bar(
    song: Song,
    section: Section,
    chord: tuple[int, ...],
    rng: np.random.Generator,
    *,
    second: bool,
    above: int,
) -> list[tuple[Tone, float]]:
    """Compose a bar from one half of the motif, with most notes on beats moved to chord tones."""
    steps = len(SCALES[song.scale])
    low = song.meter if second else 0
    out = []
    for tone in vary_motif(section.motif, rng):
        if not low <= tone.at < low + song.meter:
            continue
        step = tone.step
        if tone.at % 1 == 0 and rng.random() < 0.8:
            step = min(
                (s for base in chord for s in range(base % steps - 2 * steps, 3 * steps, steps)),
                key=lambda s: abs(s - tone.step),
            )
        strong = 0.85 if tone.at % 1 == 0 else 0.65
        out.append((Tone(tone.at - low, tone.length, song.pitch(step + above)), strong))
    return out


def chord_bar(
    song: Song, style: str, section: Section, chord: tuple[int, ...], rng: np.random.Generator
) -> list[tuple[Tone, float]]:
    """Compose a bar of chords, inverted to be near the middle of the keyboard."""
    meter = float(song.meter)
    centre = rng.choice([58, 60, 62])
    pitches = sorted((song.pitch(step) - centre) % 12 + centre for step in chord)
    if style == "pad":
        return [(Tone(0.0, meter * 1.02, p), 0.5) for p in pitches]
    if style == "stabs":
        return [
            (Tone(at, float(rng.choice([0.25, 0.4])), p), 0.7)
            for at in section.pattern
            if rng.random() < 0.92
            for p in pitches
        ]
    if style == "strum":
        beats = [at for at in np.arange(0, meter, 0.5) if at % 1 == 0 or rng.random() < 0.55]
        strums = [(at, pitches if at % 1 == 0 else pitches[::-1]) for at in beats]
        return [
            (Tone(at + 0.03 * i, 0.8, p), 0.75 if at % 1 == 0 else 0.5)
            for at, order in strums
            for i, p in enumerate(order)
        ]
    ladder = [*pitches, *(p + 12 for p in pitches)]
    grid = 0.25 if song.tempo_bpm < 110 else 0.5
    down, at_rung, tones = bool(rng.random() < 0.4), int(rng.integers(len(ladder))), []
    for at in np.arange(0, meter, grid):
        if rng.random() < 0.93:
            tones.append(
                (Tone(float(at), grid * 1.6, ladder[at_rung]), 0.7 if at % 1 == 0 else 0.5)
            )
        leap = 2 if rng.random() < 0.2 else 1
        at_rung = (at_rung + (-leap if down else leap)) % len(ladder)
    return tones


def bass_bar(
    song: Song, style: str, section: Section, chord: tuple[int, ...], rng: np.random.Generator
) -> list[tuple[Tone, float]]:
    """Compose a bar of bass: mostly roots and fifths."""
    low, meter = song.pitch(chord[0]) - 12, song.meter
    low = low - 12 if low > 50 else low
    fifth = song.pitch(chord[0] + 4) - song.pitch(chord[0]) + low
    if style == "roots":
        tones = [(0.0, meter * 0.55, low), (meter - 1.5, 1.4, rng.choice([low, fifth]))]
    elif style == "pulse":
        tones = [(at, 0.45, low) for at in np.arange(0, meter, 0.5) if rng.random() < 0.94]
    elif style == "octaves":
        tones = [(at, 0.45, low + 12 * (at % 1 > 0)) for at in np.arange(0, meter, 0.5)]
    elif style == "walking":
        walk = [song.pitch(chord[0] + int(rng.integers(0, 5))) - 12 for _ in range(meter - 1)]
        tones = [
            (float(i), 0.9, p) for i, p in enumerate([low, *(w - 12 * (w > 52) for w in walk)])
        ]
    else:
        tones = [(at, 0.6, rng.choice([low, low, fifth])) for at in section.pattern]
    return [(Tone(float(at), float(n), int(p)), 0.85) for at, n, p in tones]


def swing_time(at: float, swing: float) -> float:
    """Delay the second half of a beat."""
    return at + swing * (1 - abs(2 * (at % 1) - 1))
