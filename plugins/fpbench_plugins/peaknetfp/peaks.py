"""Turns levels into points: the spectral peaks of each segment."""

import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor
from torch.nn.functional import max_pool2d

from fpbench_plugins.peaknetfp.config import PeakNetFpConfig

Images = Float32[Tensor, "batch mels frames"]
Points = Float32[Tensor, "batch points 3"]


def peak_cells(images: Images) -> Bool[Tensor, "batch mels frames"]:
    """Cells above 0 that are as loud as all of their eight neighbours or louder."""
    return (images == max_pool2d(images, 3, stride=1, padding=1)) & (images != 0)


def peak_points(images: Images, config: PeakNetFpConfig) -> Points:
    """Frequency, time and amplitude of ``n_peaks`` peaks of each segment.

    Peaks of equal amplitude are in the order of bins, then frames. Every segment has at least one
    peak: its loudest cell.
    """
    _, mels, frames = images.shape
    is_peak = peak_cells(images).flatten(1)
    amplitudes = images.flatten(1)
    by = amplitudes if config.peak_ordering == "amplitude_desc" else None
    cells = rank_cells(is_peak, by, config.n_peaks)
    count = is_peak.sum(dim=1, keepdim=True)
    place = torch.arange(config.n_peaks, device=images.device).expand(len(images), -1)
    cells = cells.gather(1, place % count.clamp(1, config.n_peaks))
    amplitude = amplitudes.gather(1, cells)
    if not config.use_amplitude:
        amplitude = torch.ones_like(amplitude)
    frequency_step, time_step = coordinate_steps(mels, frames, config)
    frequency, time = cells // frames * frequency_step, cells % frames * time_step
    points = torch.stack((frequency, time, amplitude), dim=2)
    if config.peak_sampling == "0padding":
        points = points * (place < count)[..., None]
    return points


def rank_cells(
    chosen: Bool[Tensor, "batch cells"], by: Float32[Tensor, "batch cells"] | None, n: int
) -> Int64[Tensor, "batch {n}"]:
    """Rank cells: chosen ones first, then by falling amplitude if given, then by cell number."""
    cells = chosen.shape[1]
    backwards = torch.arange(cells - 1, -1, -1, device=chosen.device)
    if by is None:
        keys = torch.where(chosen, backwards, backwards - cells)
    else:
        # The bit patterns of non-negative floats are in the same order as the floats.
        bits = by.contiguous().view(torch.int32).long()
        keys = torch.where(chosen, bits * cells, 0) + backwards
    return keys.topk(n, dim=1).indices


def coordinate_steps(mels: int, frames: int, config: PeakNetFpConfig) -> tuple[Tensor, Tensor]:
    """The factors for bin and frame: float32 reciprocals of the numbers that the paper divides by.

    TensorFlow's optimiser replaces the authors' divisions by these, and the last bit differs.
    """
    if not config.norm_coords:
        return torch.tensor(1.0), torch.tensor(1.0)
    highest = (mels - 1) * (config.time_freq_ratio or 1.0)
    return torch.tensor(1 / highest), torch.tensor(1 / (frames - 1))
