"""Clips of music, noise and impulse responses for one batch of a training."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from fpbench import PcmAudio
from fpbench_plugins.building_blocks.contrastive.batches import Integers

EASE_DB = 30.0
"""By how much SNRs are higher at strength 0."""

_FULL_SCALE = 32_768

Clips = Float32[Tensor, "batch samples"]


def cut_clips(
    recordings: Sequence[PcmAudio], track: Integers, start: Integers, samples: int, context: int = 0
) -> Clips:
    """Cut clips from recordings, with ``context`` samples before them.

    What lies outside the recording is 0.
    """
    out = np.zeros((len(track), context + samples), dtype=np.float32)
    for row, (number, first) in enumerate(zip(track, start - context, strict=True)):
        recording = recordings[number]
        piece = recording[max(first, 0) : first + context + samples]
        offset = max(-first, 0)
        out[row, offset : offset + len(piece)] = piece
    out /= _FULL_SCALE
    return torch.from_numpy(out)


def draw_noise(
    recordings: Sequence[PcmAudio], count: int, samples: int, rng: np.random.Generator
) -> Clips:
    """Draw a random stretch of a random recording for each row. Short recordings are repeated."""
    out = np.empty((count, samples), dtype=np.float32)
    for row, number in enumerate(rng.integers(0, len(recordings), count)):
        recording = recordings[number]
        start = rng.integers(0, max(1, len(recording) - samples + 1))
        out[row] = np.resize(recording[start : start + samples], samples)
    out /= _FULL_SCALE
    return torch.from_numpy(out)


def draw_snr_db(
    low: float, high: float, count: int, strength: float, rng: np.random.Generator
) -> Float32[Tensor, " batch"]:
    """Draw SNRs uniformly. At strength 0 they are :data:`EASE_DB` higher."""
    drawn = rng.uniform(low, high, count) + (1 - strength) * EASE_DB
    return torch.from_numpy(drawn.astype(np.float32))


def draw_impulse_responses(
    recordings: Sequence[PcmAudio],
    count: int,
    samples: int,
    strength: float,
    rng: np.random.Generator,
) -> Clips:
    """Draw an impulse response for each row, cut to ``samples`` and padded with zeros.

    Args:
        samples: 0 means no room: the response leaves music as it is.
        strength: Factor for everything after the loudest sample.
    """
    if samples == 0:
        return torch.ones(count, 1)
    chosen = [recordings[number] for number in rng.integers(0, len(recordings), count)]
    longest = min(samples, max(map(len, chosen)))
    out = np.zeros((count, longest), dtype=np.float32)
    for row, recording in enumerate(chosen):
        out[row, : len(recording[:longest])] = recording[:longest]
        if strength < 1:
            out[row, int(np.abs(out[row]).argmax()) + 1 :] *= strength
    out /= _FULL_SCALE
    return torch.from_numpy(out)
