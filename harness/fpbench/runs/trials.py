"""Measure in short trials how fast this machine does the main work of a run."""

import time
from functools import cache, partial
from pathlib import Path

import numpy as np

from fpbench.audio.damage import find_damage
from fpbench.audio.decoding import open_recording
from fpbench.audio.reading import mono_pieces
from fpbench.fingerprints.embedding import fingerprint_tracks
from fpbench.plugin.checked import draw_checked, draw_tracks_checked
from fpbench.plugin.fingerprinters import AnyFingerprinter
from fpbench.plugin.generators import FingerprintGenerator, TrackGenerator
from fpbench.search.track_distractors import choose_kinds

_DECODING_TRIAL_S = 0.3


@cache
def product_rate(n_queries: int, dim: int) -> float:
    """Multiplications and additions per second of a float32 matrix product, from a short trial."""
    import torch

    queries = torch.zeros((max(n_queries, 64), dim))
    rows = torch.zeros((dim, 2_000))
    out = queries @ rows
    start, times = time.perf_counter(), 0
    while time.perf_counter() - start < 0.1:
        torch.matmul(queries, rows, out=out)
        times += 1
    return 2.0 * queries.numel() * 2_000 * times / (time.perf_counter() - start)


def fingerprinting_rate(fingerprinter: AnyFingerprinter, name: str) -> float:
    """Seconds of audio that a fingerprinter processes per second, from two short trials.

    The first trial is a warm-up and does not count.
    """
    rate_hz = fingerprinter.spec.sample_rate_hz
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 30 * rate_hz).astype(np.float32)
    elapsed = 1.0
    for _ in range(2):
        start = time.perf_counter()
        for _ in fingerprint_tracks(fingerprinter, name, [noise]):
            pass
        elapsed = time.perf_counter() - start
    return 30.0 / elapsed


def decoding_rate(path: Path, sample_rate_hz: int, duration_s: float) -> float:
    """Seconds of audio that one thread reads and resamples per second, from the start of a file.

    Opening the file and looking for damage count, which take long for a file of hours.

    Args:
        path: Path of the file.
        sample_rate_hz: Rate of the samples.
        duration_s: Duration of the file.

    Raises:
        FpbenchError: The file cannot be read.
        ValueError: It holds no samples.
    """
    start, decoded_s = time.perf_counter(), 0.0
    with open_recording(path) as recording:
        find_damage(path)  # reads all of the file; mono_pieces does not do it again
        opened_s = time.perf_counter() - start
        for piece in mono_pieces(recording, sample_rate_hz, "soxr"):
            decoded_s += len(piece) / sample_rate_hz
            if time.perf_counter() - start > opened_s + _DECODING_TRIAL_S:
                break
    decoding_s = time.perf_counter() - start - opened_s
    if not (decoded_s and duration_s):
        raise ValueError("no samples")
    return 1.0 / (decoding_s / decoded_s + opened_s / duration_s)


def draw_seconds(generator: FingerprintGenerator, name: str, segments: int = 1) -> float:
    """Seconds to draw one fingerprint among many, from a short trial.

    Args:
        generator: The generator to measure.
        name: Its name in errors.
        segments: Fingerprints in a query; if there are several, those of tracks are drawn.

    Raises:
        FpbenchError: The generator breaks a rule.
    """
    rng, rows, elapsed = np.random.default_rng(0), 50, 0.0
    draw = partial(_draw_trial, generator, name, segments, rng)
    draw(1)  # a warm-up, which may compile code for a GPU
    while elapsed < 0.1:
        rows *= 2
        start = time.perf_counter()
        draw(rows)
        elapsed = time.perf_counter() - start
    return elapsed / rows


def _draw_trial(
    generator: FingerprintGenerator, name: str, segments: int, rng: np.random.Generator, rows: int
) -> None:
    """Draw so many fingerprints, or tracks with as many runs."""
    if segments == 1 or not isinstance(generator, TrackGenerator):
        draw_checked(generator, name, rows, rng)
        return
    lengths = generator.track_lengths
    kinds = choose_kinds(lengths, rows, min(segments, int(lengths.max(initial=1))), rng)
    draw_tracks_checked(generator, name, kinds, rng)
