"""Turns segments into NAFP's log-mel patches."""

import math

import torch
from jaxtyping import Float32
from torch import Tensor

from fpbench_plugins.building_blocks.encoders.mel import slaney_filterbank
from fpbench_plugins.building_blocks.encoders.spectrogram import mel_magnitudes
from fpbench_plugins.nafp.config import NafpConfig

SMALLEST = 1e-10
FLOOR = -80.0  # of log10, though decibels were meant: never reached

Patches = Float32[Tensor, "batch mels frames"]


def filterbank(config: NafpConfig) -> Float32[Tensor, "bins mels"]:
    """The mel filterbank of a config."""
    return torch.from_numpy(
        slaney_filterbank(
            config.sample_rate_hz, config.n_fft, config.n_mels, config.f_min_hz, config.f_max_hz
        )
    )


def log_mel(
    segments: Float32[Tensor, "batch samples"],
    filterbank: Float32[Tensor, "bins mels"],
    config: NafpConfig,
) -> Patches:
    """The network's input: log10 of mel magnitudes, 0 at the loudest cell of segment or batch.

    Source: Chang et al. 2021, section 3.1, with the constants of the authors' code.
    """
    magnitudes = mel_magnitudes(
        segments,
        filterbank,
        n_fft=config.n_fft,
        hop_samples=config.frame_hop_samples,
        pad_left=config.pad_samples,
        pad_right=config.pad_samples,
    )
    log = (magnitudes + config.offset).clamp(min=SMALLEST).log() / math.log(10)
    over = (1, 2) if config.normalise == "segment" else (0, 1, 2)
    log = (log - log.amax(over, keepdim=True)).clamp(min=FLOOR)
    if config.feature == "melspec":
        return log
    half = log.amin(over, keepdim=True) / 2
    return (log - half) / (half + SMALLEST).abs()
