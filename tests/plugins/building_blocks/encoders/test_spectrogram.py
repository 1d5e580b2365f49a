"""Magnitudes of a tone are those of its window."""

import torch

from fpbench_plugins.building_blocks.encoders.spectrogram import mel_magnitudes


def test_a_tone_is_magnitude_times_window_sum() -> None:
    # A cosine of amplitude 1 in a Hann window of sum 32 has magnitude 16 in its own bin.
    tone = torch.cos(2 * torch.pi * 8 * torch.arange(128.0) / 64)[None]
    magnitudes = mel_magnitudes(
        tone, torch.eye(33), n_fft=64, hop_samples=32, pad_left=0, pad_right=0
    )
    assert magnitudes.shape == (1, 33, 3)
    torch.testing.assert_close(magnitudes[0, 8], torch.full((3,), 16.0))
    torch.testing.assert_close(magnitudes[0, 20], torch.zeros(3), atol=1e-5, rtol=0)
