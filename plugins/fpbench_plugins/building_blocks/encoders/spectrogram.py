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
    """Magnitudes (not powers) of periodically Hann-windowed frames, weighted by a filterbank.

    Segments get frames of their own: with a hop of 4000 samples between segments and 256 between
    frames, neighbouring segments have no frame in common that they could share.

    Args:
        pad_left: Zeros put before each segment.
        pad_right: Zeros put after each segment.

    Returns:
        Unscaled: the window is not normalised and neither is the transform.
    """
    window = torch.hann_window(n_fft, periodic=True, device=segments.device)
    frames = pad(segments, (pad_left, pad_right)).unfold(1, n_fft, hop_samples)
    magnitudes: Tensor = torch.fft.rfft(frames * window).abs()
    return (magnitudes @ filterbank).transpose(1, 2)
