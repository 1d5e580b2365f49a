"""Turns segments into levels: log-mel images in [0, 1]."""

import math

import torch
from jaxtyping import Float32
from torch import Tensor

from fpbench_plugins.building_blocks.encoders.mel import slaney_filterbank
from fpbench_plugins.building_blocks.encoders.spectrogram import mel_magnitudes
from fpbench_plugins.peaknetfp.config import PeakNetFpConfig

FLOOR = 1e-5
RANGE_DB = 80.0

Images = Float32[Tensor, "batch mels frames"]


def filterbank(config: PeakNetFpConfig) -> Float32[Tensor, "bins mels"]:
    """The mel filterbank of a config."""
    return torch.from_numpy(
        slaney_filterbank(
            config.sample_rate_hz, config.n_fft, config.n_mels, config.f_min_hz, config.f_max_hz
        )
    )


def levels(
    segments: Float32[Tensor, "batch samples"],
    filterbank: Float32[Tensor, "bins mels"],
    config: PeakNetFpConfig,
) -> Images:
    """Levels of each segment: 1 at the loudest cell, 0 at 80 dB below it and lower.

    Digital silence is 1 everywhere.
    """
    magnitudes = mel_magnitudes(
        segments,
        filterbank,
        n_fft=config.n_fft,
        hop_samples=config.frame_hop_samples,
        pad_left=config.pad_samples,
        pad_right=config.pad_samples,
    ).clamp(min=FLOOR)
    below_db = 20 * (magnitudes / magnitudes.amax((1, 2), keepdim=True)).log() / math.log(10)
    return 1 + below_db.clamp(min=-RANGE_DB) / RANGE_DB
