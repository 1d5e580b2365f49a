"""Noise at its ratio, masks of their shape, music at another tempo."""

import numpy as np
import pytest
import torch

from fpbench_plugins.building_blocks.contrastive.augmentation import (
    mix_at_snr,
    spectral_mask,
    stretch,
)


def test_mixes_at_the_ratio_asked_for() -> None:
    music, noise = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 5.0]])
    mix = mix_at_snr(music, noise, torch.tensor([20.0]))[0]
    np.testing.assert_allclose(mix, [1.0, 0.1], rtol=1e-6)


def test_silence_mixes_to_noise() -> None:
    mix = mix_at_snr(torch.zeros(1, 2), torch.tensor([[0.0, -5.0]]), torch.tensor([0.0]))
    np.testing.assert_array_equal(mix, [[0.0, -1.0]])


def test_a_mask_is_a_rectangle_and_a_band() -> None:
    for seed in range(200):
        mask = spectral_mask(256, 32, np.random.default_rng(seed))
        band = mask.all(axis=1)
        assert 3 <= band.sum() <= 21
        rest = mask & ~band[:, None]
        assert rest.any(axis=0).sum() <= 13
        assert rest.any(axis=1).sum() <= 103


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.0, 1.25, 2.0])
def test_stretching_keeps_the_shape_and_the_first_columns(factor: float) -> None:
    ramp = torch.linspace(0, 1, 32).expand(1, 4, 32)
    out = stretch(ramp, factor)
    assert out.shape == ramp.shape
    filled = min(32, int(np.ceil(32 / factor)))
    assert (out[:, :, filled:] == 0).all()
    inner = slice(2, filled - 2)
    slope = out[0, 0, inner].diff().mean() * 31
    np.testing.assert_allclose(slope, factor, rtol=0.03)
