"""Turns a whole recording into log-mel segments."""

import math

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn.functional import pad

_FRAMES_AT_ONCE = 4096  # limits the spectrum of a long recording to about 30 MB
_FLOOR = 1e-10


def log_mel(
    samples: Float32[Tensor, " samples"],
    filterbank: Float32[Tensor, "bins mels"],
    hop_samples: int,
) -> Float32[Tensor, "mels frames"]:
    """Mel power in dB of a recording, in centred frames with reflected ends.

    Args:
        samples: Longer than half a frame.

    Returns:
        1 + floor(samples / hop) frames. The lowest value is -100 dB, that of digital silence.
    """
    n_fft = 2 * (filterbank.shape[0] - 1)
    window = torch.hann_window(n_fft, device=samples.device)
    padded = pad(samples[None], (n_fft // 2, n_fft // 2), mode="reflect")[0]
    frames = padded.unfold(0, n_fft, hop_samples)
    power = [mel_power(part * window, filterbank) for part in torch.split(frames, _FRAMES_AT_ONCE)]
    return 10 * torch.cat(power).clamp(min=_FLOOR).log10().T


def mel_power(
    frames: Float32[Tensor, "frames samples"], filterbank: Float32[Tensor, "bins mels"]
) -> Float32[Tensor, "frames mels"]:
    """Power spectra, weighted by a filterbank.

    The transform is in float64. Beside a loud component, a float32 transform has errors of up to
    1e-4 dB, which differ between kinds of processors. Such an error can change neighbours.
    """
    spectrum = torch.fft.rfft(frames.double()).to(torch.complex64)
    power: Float32[Tensor, "frames bins"] = spectrum.abs().square()
    return power @ filterbank


def segment_windows(
    spectrogram: Float32[Tensor, "mels time"], n_frames: int, hop_frames: int
) -> Float32[Tensor, "batch mels frames"]:
    """Overlapping windows of a spectrogram, as a view. An incomplete last one is dropped."""
    if spectrogram.shape[1] < n_frames:
        return spectrogram.new_zeros((0, spectrogram.shape[0], n_frames))
    return spectrogram.unfold(1, n_frames, hop_frames).transpose(0, 1)


def htk_filterbank(
    sample_rate_hz: int, n_fft: int, n_mels: int
) -> Float32[np.ndarray, "bins mels"]:
    """Triangles of height 1 from 0 Hz to half the sample rate, equally spaced on HTK's mel scale.

    Everything is in float32. A float64 filterbank differs by 5e-6, which changes levels by
    5e-4 dB, and so some nearest neighbours.
    """
    nyquist_hz = sample_rate_hz / 2
    edges_mel = torch.linspace(0, 2595 * math.log10(1 + nyquist_hz / 700), n_mels + 2)
    edges_hz = 700 * (10 ** (edges_mel / 2595) - 1)
    bins_hz = torch.linspace(0, nyquist_hz, n_fft // 2 + 1)
    distance = edges_hz[None, :] - bins_hz[:, None]
    widths = edges_hz.diff()
    rising = -distance[:, :-2] / widths[:-1]
    falling = distance[:, 2:] / widths[1:]
    weights: Float32[np.ndarray, "bins mels"] = torch.minimum(rising, falling).clamp(min=0).numpy()
    return weights
