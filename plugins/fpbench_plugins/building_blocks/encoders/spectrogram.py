"""Mel magnitude spectrograms of many segments at once."""

import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn.functional import pad


def mel_magnitudes(
    segments: Float32[Tensor, "batch samples"],
    filterbank: Float32[Tensor, "bins mels"],
    *,
    n_fft: int,
    hop_samples: int,
    pad_left: int,
    pad_right: int,
) -> Float32[Tensor, "batch mels frames"]:
    """Magnitudes (not powers) of frames with a periodic Hann window, weighted by a filterbank.

    Each segment has its own frames: with a hop of 4000 samples between segments and 256 between
    frames, neighbouring segments have no frame in common.

    Args:
        pad_left: Zeros added before each segment.
        pad_right: Zeros added after each segment.

    Returns:
        Unscaled magnitudes: neither the window nor the transform is normalised.
    """
    window = torch.hann_window(n_fft, periodic=True, device=segments.device)
    frames = pad(segments, (pad_left, pad_right)).unfold(1, n_fft, hop_samples)
    magnitudes: Tensor = torch.fft.rfft(frames * window).abs()
    return (magnitudes @ filterbank).transpose(1, 2)
