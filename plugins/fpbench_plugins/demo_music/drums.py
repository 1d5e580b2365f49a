"""A drum kit, drawn once for each piece. Every stroke sounds a little different."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from fpbench import Samples
from fpbench_plugins.demo_music.reproducible import decay, sine
from fpbench_plugins.demo_music.timbres import RATE_HZ


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """The sound of a drum kit.

    Args:
        kick_hz: Where the kick drum's pitch ends.
        kick_s: Its decay.
        snare_hz: Pitch of the snare drum's skin.
        snare_s: Decay of its wires.
        skin: Share of the skin in the snare drum's sound; the rest comes from its wires.
        hat_s: Decay of a closed hi-hat.
        brightness: Of hi-hats and shakers, from 0 to 1.
        tom_hz: Pitch of the middle tom.
    """

    kick_hz: float
    kick_s: float
    snare_hz: float
    snare_s: float
    skin: float
    hat_s: float
    brightness: float
    tom_hz: float

    def stroke(self, piece: str, velocity: float, rng: np.random.Generator) -> Samples:
        """The sound of one :class:`~fpbench_plugins.demo_music.song.Hit`."""
        match piece:
            case "kick":
                return velocity * falling_tone(self.kick_hz, 4.0, self.kick_s, rng)
            case "tom":
                pitch_hz = self.tom_hz * rng.choice([0.75, 1, 1.3])
                return 0.8 * velocity * falling_tone(pitch_hz, 1.5, 0.18, rng)
            case "snare":
                wires = decaying_noise(self.snare_s, 0.5, rng)
                skin = falling_tone(self.snare_hz, 1.3, 0.6 * self.snare_s, rng)
                return velocity * add_sounds(self.skin * skin, (1 - self.skin) * wires)
            case "clap":
                return 0.4 * velocity * hand_clap(rng)
            case "rim":
                return 0.6 * velocity * falling_tone(self.snare_hz * 3.1, 1.1, 0.025, rng)
            case _:
                open_for = 6 if piece == "open hat" else 1
                return 0.5 * velocity * decaying_noise(open_for * self.hat_s, self.brightness, rng)


def draw_kit(rng: np.random.Generator) -> Kit:
    """Draw a kit, from dull with long decays to bright with short ones."""
    return Kit(
        kick_hz=float(rng.uniform(42, 75)),
        kick_s=float(rng.uniform(0.08, 0.35)),
        snare_hz=float(rng.uniform(150, 300)),
        snare_s=float(rng.uniform(0.06, 0.22)),
        skin=float(rng.uniform(0.2, 0.6)),
        hat_s=float(rng.uniform(0.015, 0.06)),
        brightness=float(rng.uniform(0.55, 1)),
        tom_hz=float(rng.uniform(85, 150)),
    )


def falling_tone(pitch_hz: float, drop: float, decay_s: float, rng: np.random.Generator) -> Samples:
    """A drum skin: a decaying tone that falls to ``pitch_hz`` from ``drop`` times that pitch."""
    t = np.arange(int(5 * decay_s * RATE_HZ) + 16) / RATE_HZ
    pitch_hz *= rng.uniform(0.97, 1.03)
    fall_s = 0.02
    turns = pitch_hz * (t + (drop - 1) * fall_s * (1 - decay(fall_s * RATE_HZ, len(t))))
    skin: Samples = (decay(decay_s * RATE_HZ, len(t)) * sine(turns)).astype(np.float32)
    return skin


def decaying_noise(decay_s: float, brightness: float, rng: np.random.Generator) -> Samples:
    """The sound of wires, cymbals or a shaker: decaying noise."""
    n = int(5 * decay_s * RATE_HZ) + 16
    noise = rng.standard_normal(n + 1, dtype=np.float32)
    # A first difference removes low frequencies.
    tilted = (1 - brightness) * noise[1:] + brightness * np.diff(noise)
    fall = decay(decay_s * rng.uniform(0.85, 1.15) * RATE_HZ, n)
    out: Samples = (0.5 * tilted * fall).astype(np.float32)
    return out


def hand_clap(rng: np.random.Generator) -> Samples:
    """Several hands that do not clap exactly together."""
    clap = decaying_noise(0.12, 0.45, rng)
    for late_s in (0.011, 0.023):
        at = int(late_s * rng.uniform(0.8, 1.2) * RATE_HZ)
        clap = clap + np.concatenate([np.zeros(at, dtype=np.float32), clap[:-at]])
    return clap


def add_sounds(
    one: Float32[np.ndarray, " one"], other: Float32[np.ndarray, " other"]
) -> Float32[np.ndarray, " longer"]:
    """The sum of two sounds that start together."""
    out = np.zeros(max(len(one), len(other)), dtype=np.float32)
    out[: len(one)] += one
    out[: len(other)] += other
    return out
