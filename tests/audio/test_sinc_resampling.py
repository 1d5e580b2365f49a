"""The sinc resampler keeps tones and gives as many samples as torchaudio, without delay."""

import math

import numpy as np
import pytest

from fpbench import Samples
from fpbench.audio.sinc_resampling import resample_sinc_hann


def tone(frequency_hz: float, rate_hz: int, duration_s: float) -> Samples:
    time_s = np.arange(round(rate_hz * duration_s)) / rate_hz
    return np.sin(2 * np.pi * frequency_hz * time_s).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100, 48_000, 44_099])
def test_keeps_a_tone_below_both_nyquist_frequencies(rate_hz: int) -> None:
    resampled = resample_sinc_hann(tone(440, rate_hz, 0.5), rate_hz, 16_000)
    np.testing.assert_allclose(resampled[100:7900], tone(440, 16_000, 0.5)[100:7900], atol=1e-3)


def test_removes_a_tone_above_the_new_nyquist_frequency() -> None:
    resampled = resample_sinc_hann(tone(12_000, 44_100, 0.5), 44_100, 16_000)
    assert np.abs(resampled[100:-100]).max() < 1e-2


@pytest.mark.parametrize("samples", [0, 1, 440, 441, 442, 1000])
def test_length_is_rounded_up(samples: int) -> None:
    x = np.ones(samples, dtype=np.float32)
    assert len(resample_sinc_hann(x, 44_100, 16_000)) == math.ceil(samples * 16_000 / 44_100)


def test_equal_rates_change_nothing() -> None:
    x = np.array([0.25, -1.0, 0.5], dtype=np.float32)
    np.testing.assert_array_equal(resample_sinc_hann(x, 16_000, 16_000), x)


def test_a_long_input_is_resampled_in_parts_without_discontinuities() -> None:
    x = tone(440, 24_000, 5)
    whole = resample_sinc_hann(x, 24_000, 16_000)
    late = resample_sinc_hann(x[60_000:], 24_000, 16_000)
    np.testing.assert_allclose(whole[40_100:], late[100:], atol=1e-6)
