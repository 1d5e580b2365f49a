"""Degrades batches of training audio, as the published fingerprinters do."""

import math

import numpy as np
import torch
from jaxtyping import Bool, Float32
from torch import Tensor
from torch.nn.functional import interpolate, pad

Batch = Float32[Tensor, "batch samples"]
Images = Float32[Tensor, "batch bins frames"]


def normalise_peaks(x: Batch) -> Batch:
    """Scale each row to a peak of 1. Silent rows stay as they are."""
    peak = x.abs().amax(dim=1, keepdim=True)
    return x / torch.where(peak > 0, peak, 1)


def mix_at_snr(music: Batch, noise: Batch, snr_db: Float32[Tensor, " batch"]) -> Batch:
    """Mix music and noise at a ratio of their powers over the row, then scale to a peak of 1.

    Where one of them is silent, the mix is the other. Source: NAFP and NMFP.
    """
    gain = 10 ** (snr_db[:, None] / 20)
    return normalise_peaks(gain * music / _divisor(_rms(music)) + noise / _divisor(_rms(noise)))


def add_noise(music: Batch, noise: Batch, snr_db: Float32[Tensor, " batch"]) -> Batch:
    """Add noise and keep the music's level. Source: GraFPrint, after torch-audiomentations."""
    wanted = _rms(music) / 10 ** (snr_db[:, None] / 20)
    return music + wanted * noise / (_rms(noise) + 1e-8)


def convolve(x: Batch, responses: Float32[Tensor, "batch taps"]) -> Batch:
    """Convolve each row with its own response, and cut off what rings after the row's end."""
    size = _fft_size(x.shape[1] + responses.shape[1] - 1)
    spectrum = torch.fft.rfft(x, size) * torch.fft.rfft(responses, size)
    wet: Batch = torch.fft.irfft(spectrum, size)[:, : x.shape[1]]
    return wet


def convolve_circularly(x: Batch, responses: Float32[Tensor, "batch taps"]) -> Batch:
    """Convolve each row with its own response, circularly: its end rings into its start.

    Source: NAFP.
    """
    size = x.shape[1]
    wet: Batch = torch.fft.irfft(torch.fft.rfft(x, size) * torch.fft.rfft(responses, size), size)
    return wet


def spectral_mask(
    bins: int, frames: int, rng: np.random.Generator
) -> Bool[np.ndarray, "bins frames"]:
    """Draw the cells that a batch loses: a rectangle, and a band of bins over all frames.

    Source: DeVries and Taylor 2017, "Cutout", and Park et al. 2019, "SpecAugment", with the sizes
        of NAFP, which NMFP and PeakNetFP share.
    """
    width = int(rng.integers(frames // 10, int(frames / 2.5)))
    height = int(rng.integers(bins // 10, int(bins / 2.5)))
    centre_frame = int(rng.integers(0, frames - 1))
    centre_bin = int(rng.integers(0, bins - 1))
    mask = np.zeros((bins, frames), dtype=bool)
    mask[
        _indices_around(centre_bin, height, bins), _indices_around(centre_frame, width, frames)
    ] = True
    band = int(rng.integers(5, 20))
    mask[_indices_around(int(rng.integers(0, bins - 1)), band, bins)] = True
    return mask


def apply_spectral_mask(images: Images, rng: np.random.Generator) -> Images:
    """Set the cells of one random mask to 0 in all images.

    0 does not mean silence. It is the loudest level (NAFP), the middle of the range (NMFP) or a
    cell without a peak (PeakNetFP).
    """
    mask = spectral_mask(images.shape[1], images.shape[2], rng)
    return images.masked_fill(torch.from_numpy(mask).to(images.device), 0)


def stretch(images: Images, factor: float, start: int = 0) -> Images:
    """Change the tempo of images, and keep their number of frames.

    Args:
        factor: New tempo divided by the old one. Above 1, the end is filled with zeros; below 1,
            surplus frames are cut off.
        start: First frame to keep, for factors below 1.

    Source: PeakNetFP.
    """
    _, bins, frames = images.shape
    width = math.ceil(frames / factor)
    resized = interpolate(images[:, None], (bins, width), mode="bilinear")[:, 0]
    if width >= frames:
        return resized[:, :, start : start + frames]
    return pad(resized, (0, frames - width))


def _indices_around(centre: int, size: int, length: int) -> slice:
    """Indices within half a size of the centre, with both ends: at least one index."""
    first = min(max(centre - size // 2, 0), length - 2)
    last = min(max(centre + size // 2, 1), length - 1)
    return slice(first, last + 1)


def _rms(x: Batch) -> Float32[Tensor, "batch 1"]:
    return x.square().mean(dim=1, keepdim=True).sqrt()


def _divisor(x: Float32[Tensor, "batch 1"]) -> Float32[Tensor, "batch 1"]:
    return torch.where(x > 0, x, 1)


def _fft_size(at_least: int) -> int:
    return 1 << (at_least - 1).bit_length()
