"""Turns segments into NMFP's log-mel patches."""

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from fpbench_plugins.building_blocks.encoders.mel import (
    hz_to_mel,
    mel_to_hz,
    slaney_filterbank,
    triangle_filters,
)
from fpbench_plugins.building_blocks.encoders.spectrogram import mel_magnitudes
from fpbench_plugins.nmfp.config import NmfpConfig

Patches = Float32[Tensor, "batch mels frames"]


def filterbank(config: NmfpConfig) -> Float32[Tensor, "bins mels"]:
    """The mel filterbank of a config."""
    rate, n_fft, n_mels = config.sample_rate_hz, config.n_fft, config.n_mels
    if config.mel_edges == "exact":
        bank = slaney_filterbank(rate, n_fft, n_mels, config.f_min_hz, config.f_max_hz)
        return torch.from_numpy(bank)
    low, high = hz_to_mel(config.f_min_hz), hz_to_mel(config.f_max_hz)
    steps = np.full(n_mels + 2, (high - low) / (n_mels + 1), dtype=np.float32)
    steps[0] = low
    edges = mel_to_hz(np.cumsum(steps, dtype=np.float32).astype(np.float64))
    return torch.from_numpy(triangle_filters(edges, rate, n_fft))


def log_mel(
    segments: Float32[Tensor, "batch samples"],
    filterbank: Float32[Tensor, "bins mels"],
    config: NmfpConfig,
) -> Patches:
    """The network's input: decibels below the segment's loudest cell, scaled to [-1, 1].

    A silent segment is 1 everywhere, because all cells are as loud as the loudest.

    Source: Araz et al. 2025, with the constants of the authors' code.
    """
    before = config.n_fft // 2
    span = (config.frames - 1) * config.frame_hop_samples + config.n_fft
    magnitudes = mel_magnitudes(
        segments,
        filterbank,
        n_fft=config.n_fft,
        hop_samples=config.frame_hop_samples,
        pad_left=before,
        pad_right=span - before - segments.shape[1],
    ).clamp(min=config.floor)
    decibels = 20 * (magnitudes / magnitudes.amax((1, 2), keepdim=True)).log10()
    return 1 + decibels.clamp(min=-config.dynamic_range_db) * (2 / config.dynamic_range_db)
