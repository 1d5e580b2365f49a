"""Ways in which files break, for tests of what finds it."""

import io
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from fpbench.audio.damage import find_damage
from fpbench.audio.damage_report import Damage

RATE = 44_100


def music(seconds: float, seed: int = 0) -> np.ndarray:
    """A chord with noise in two channels, which no codec finds easy."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    tones = sum(np.sin(2 * np.pi * f * t * (1 + 0.1 * t)) for f in (220, 277, 330, 1_480))
    both = np.stack([tones, tones * np.cos(3 * t)], axis=1) + 0.1 * rng.standard_normal((len(t), 2))
    return (0.1 * both).astype(np.float32)


def encode(
    codec: str,
    kind: str,
    seconds: float,
    rate_hz: int = RATE,
    bit_rate: int = 64_000,
    **options: str,
) -> bytes:
    """Music in one channel, encoded by FFmpeg.

    Args:
        codec: Name of the encoder.
        kind: Name of the container.
        seconds: Duration.
        rate_hz: Sample rate.
        bit_rate: Bits per second.
        options: Options of the container.
    """
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=kind, options=options) as container:
        out = container.add_stream(codec, rate=rate_hz, layout="mono")
        out.bit_rate = bit_rate
        samples = np.ascontiguousarray(music(seconds)[None, :, 0])
        frame = av.AudioFrame.from_ndarray(samples, "fltp", "mono")
        frame.sample_rate, frame.time_base = rate_hz, Fraction(1, rate_hz)
        resampler = av.AudioResampler(out.format, "mono", rate_hz, out.codec_context.frame_size)
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            container.mux(out.encode(part))
    return buffer.getvalue()


def damage_of(path: Path, content: bytes) -> Damage | None:
    """Write the content and look for damage."""
    path.write_bytes(content)
    return find_damage(path)


def breakages(content: bytes, shortest: int) -> Iterator[tuple[str, float, bytes]]:
    """Contents with a stretch deleted, zeroed, overwritten, doubled, swapped, or cut away.

    Args:
        content: An undamaged file.
        shortest: Length of the shortest stretch.

    Yields:
        The kind, where the damage begins as a part of the file, and the damaged content.
    """
    rng = np.random.default_rng(0)
    n = len(content)
    for part in (0.15, 0.7):
        for length in (shortest, n // 5 - 1):
            a = int(part * n)
            b = min(a + length, n - 1)
            c = min(b + length, n - 1)
            junk = rng.bytes(b - a)
            yield "hole", part, content[:a] + content[b:]
            yield "zeros", part, content[:a] + bytes(b - a) + content[b:]
            yield "junk", part, content[:a] + junk + content[b:]
            yield "twice", b / n, content[:b] + content[a:]
            yield "swapped", part, content[:a] + content[b:c] + content[a:b] + content[c:]
        yield "cut", part, content[: int(part * n)]


def missed(
    path: Path, content: bytes, shortest: int, place: Callable[[Damage], float | None]
) -> list[str]:
    """Breakages that are not found, or found at a place more than a tenth of the file off."""
    found = {}
    for n, (kind, part, broken) in enumerate(breakages(content, shortest)):
        if broken == content:
            continue
        damage = damage_of(path.with_suffix(f".{n}"), broken)
        at = place(damage) if damage else None
        if damage is None or at is None or abs(at - part) > 0.1:
            found[f"{kind} at {part:.2f}"] = damage
    return [f"{name}: {damage}" for name, damage in found.items()]
