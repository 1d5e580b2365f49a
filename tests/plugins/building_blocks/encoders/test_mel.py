"""The mel scale and its filters have their published values."""

import numpy as np
import pytest

from fpbench_plugins.building_blocks.encoders.mel import hz_to_mel, mel_to_hz, slaney_filterbank


def test_mel_scale_turns_logarithmic_at_one_kilohertz() -> None:
    assert hz_to_mel(500.0) == pytest.approx(7.5)
    assert hz_to_mel(1000.0) == pytest.approx(15)
    assert hz_to_mel(6400.0) == pytest.approx(42)
    np.testing.assert_allclose(mel_to_hz(np.array([7.5, 15.0, 42.0])), [500, 1000, 6400])


def test_filters_have_area_one() -> None:
    bank = slaney_filterbank(16_000, 16_384, 40, 100.0, 8_000.0)
    np.testing.assert_allclose(bank.sum(axis=0) * 16_000 / 16_384, 1, rtol=2e-3)
