"""Composes the drum part."""

import numpy as np

from fpbench_plugins.demo_music.parts import swing_time
from fpbench_plugins.demo_music.song import Hit, Song


def drum_bar(
    song: Song, bar_s: float, beat_s: float, rng: np.random.Generator, *, fill: bool
) -> list[Hit]:
    """Compose one bar on a grid of quarter beats."""
    style, hits = song.styles["drums"], []

    def hit(at: float, piece: str, velocity: float, chance: float = 1.0) -> None:
        if rng.random() < chance:
            late_s = 0.005 * rng.standard_normal()
            force = float(np.clip(velocity * (1 + 0.15 * rng.standard_normal()), 0.05, 1))
            start_s = bar_s + beat_s * swing_time(at, song.swing) + late_s
            hits.append(Hit(max(0.0, start_s), piece, force))

    for at in np.arange(0, song.meter, 0.25):
        beat, on_beat, on_half = int(at), at % 1 == 0, at % 0.5 == 0
        if fill and at >= song.meter - 1:
            hit(at, str(rng.choice(["tom", "tom", "snare"])), 0.5 + 0.4 * (at % 1), 0.85)
            continue
        match style:
            case "floor":
                hit(at, "kick", 0.95, 1.0 if on_beat else 0.03)
                hit(at, "clap", 0.7, 0.95 if on_beat and beat % 2 else 0.02)
                hit(at, "open hat", 0.55, 0.85 if on_half and not on_beat else 0.0)
            case "backbeat":
                hit(at, "kick", 0.9, 0.95 if on_beat and beat % 2 == 0 else 0.22 * on_half)
                hit(at, "snare", 0.85, 0.97 if on_beat and beat % 2 else 0.04)
                hit(at, "hat", 0.5, 0.95 if on_half else 0.1)
            case "break":
                hit(at, "kick", 0.9, 0.9 if at == 0 else 0.2)
                hit(at, "snare", 0.8, 0.9 if on_beat and beat % 2 else 0.14)
                hit(at, "hat", 0.45, 0.9 if on_half else 0.45)
            case "half":
                hit(at, "kick", 0.9, 0.95 if at == 0 else 0.12 * on_half)
                hit(at, "snare", 0.9, 0.97 if at == song.meter // 2 else 0.02)
                hit(at, "hat", 0.4, 0.9 if on_beat else 0.5)
            case _:
                hit(at, "kick", 0.7, 0.7 if at == 0 else 0.05)
                hit(at, "shaker", 0.4, 0.85 if on_half else 0.3)
                hit(at, "rim", 0.6, 0.5 if on_beat and beat % 2 else 0.05)
    return hits
