"""Makes training audio worse, a batch at a time, as the published fingerprinters do it."""

import math

import numpy as np
import torch
from jaxtyping import Bool, Float32
from torch import Tensor
from torch.nn.functional import interpolate, pad

Batch = Float32[Tensor, "batch samples"]
Images = Float32[Tensor, "batch bins frames"]


def normalise_peaks(x: Batch) -> Batch:
    """Each row scaled to a peak of 1; silent rows as they are."""
    peak = x.abs().amax(dim=1, keepdim=True)
    return x / torch.where(peak > 0, peak, 1)


def mix_at_snr(music: Batch, noise: Batch, snr_db: Float32[Tensor, " batch"]) -> Batch:
    """Music and noise at a ratio of their powers over the row, scaled to a peak of 1.

    Where one of them is silent, the other is all there is. Source: NAFP and NMFP.
    """
    gain = 10 ** (snr_db[:, None] / 20)
    return normalise_peaks(gain * music / _divisor(_rms(music)) + noise / _divisor(_rms(noise)))


def add_noise(music: Batch, noise: Batch, snr_db: Float32[Tensor, " batch"]) -> Batch:
    """Music at its own level, noise under it. Source: GraFPrint, after torch-audiomentations."""
    wanted = _rms(music) / 10 ** (snr_db[:, None] / 20)
    return music + wanted * noise / (_rms(noise) + 1e-8)


def convolve(x: Batch, responses: Float32[Tensor, "batch taps"]) -> Batch:
    """Each row in its own room; what rings on after the row's end is cut off."""
    size = _fft_size(x.shape[1] + responses.shape[1] - 1)
    spectrum = torch.fft.rfft(x, size) * torch.fft.rfft(responses, size)
    wet: Batch = torch.fft.irfft(spectrum, size)[:, : x.shape[1]]
    return wet


def convolve_circularly(x: Batch, responses: Float32[Tensor, "batch taps"]) -> Batch:
    """Each row in its own room, its end ringing into its start. Source: NAFP."""
    size = x.shape[1]
    wet: Batch = torch.fft.irfft(torch.fft.rfft(x, size) * torch.fft.rfft(responses, size), size)
    return wet


def spectral_mask(
    bins: int, frames: int, rng: np.random.Generator
) -> Bool[np.ndarray, "bins frames"]:
    """Which cells one batch loses: a rectangle, and a band over all frames.

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
    """All images without the cells of one mask.

    They become 0, which is not silence but the loudest level (NAFP), the middle of the range
    (NMFP) or no peak (PeakNetFP).
    """
    mask = spectral_mask(images.shape[1], images.shape[2], rng)
    return images.masked_fill(torch.from_numpy(mask).to(images.device), 0)


def stretch(images: Images, factor: float, start: int = 0) -> Images:
    """Images of music played ``factor`` times as fast, with as many frames as before.

    Args:
        factor: Above 1 the end is filled with zeros; below 1 what is too much is cut off.
        start: First frame kept below 1.

    Source: PeakNetFP.
    """
    _, bins, frames = images.shape
    width = math.ceil(frames / factor)
    resized = interpolate(images[:, None], (bins, width), mode="bilinear")[:, 0]
    if width >= frames:
        return resized[:, :, start : start + frames]
    return pad(resized, (0, frames - width))


def _indices_around(centre: int, size: int, length: int) -> slice:
    """Indices within half a size of the centre, both ends included, never none."""
    first = min(max(centre - size // 2, 0), length - 2)
    last = min(max(centre + size // 2, 1), length - 1)
    return slice(first, last + 1)


def _rms(x: Batch) -> Float32[Tensor, "batch 1"]:
    return x.square().mean(dim=1, keepdim=True).sqrt()


def _divisor(x: Float32[Tensor, "batch 1"]) -> Float32[Tensor, "batch 1"]:
    return torch.where(x > 0, x, 1)


def _fft_size(at_least: int) -> int:
    return 1 << (at_least - 1).bit_length()
