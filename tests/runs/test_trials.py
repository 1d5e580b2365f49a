"""A trial does some of the work that it measures, and gives a rate that can be divided by."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fpbench import FingerprintSpec, FpbenchError, Segments, Vectors
from fpbench.runs.trials import (
    decoding_rate,
    draw_seconds,
    fingerprinting_rate,
    product_rate,
)


class Counting:
    """A fingerprinter and a generator that note what they were asked for."""

    spec = FingerprintSpec(sample_rate_hz=100, segment_s=1.0, dim=2, unit_norm=False)
    dim = 2
    parameters: Mapping[str, int] = {}

    def __init__(self) -> None:
        self.asked: list[int] = []

    def embed(self, segments: Segments, /) -> Vectors:
        self.asked.append(len(segments))
        return segments[:, :2].copy()

    def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
        self.asked.append(n)
        return rng.standard_normal((n, 2), dtype=np.float32)

    def save(self, path: Path, /) -> None:
        raise NotImplementedError


def test_products_have_a_rate() -> None:
    assert 0 < product_rate(10, 128) < math.inf


def test_a_fingerprinter_hears_half_a_minute_twice() -> None:
    fingerprinter = Counting()
    assert 0 < fingerprinting_rate(fingerprinter, "counting") < math.inf
    # 30 s have 59 segments at a hop of 0.5 s; the first time is a warm-up.
    assert fingerprinter.asked == [59, 59]


def test_draws_double_until_they_take_long_enough_to_measure() -> None:
    generator = Counting()
    assert 0 < draw_seconds(generator, "counting") < math.inf
    warm_up, *trials = generator.asked
    assert warm_up == 1
    assert trials == [100 * 2**n for n in range(len(trials))]


def test_a_generator_that_breaks_a_rule_is_blamed() -> None:
    class Narrow(Counting):
        dim = 3

    with pytest.raises(FpbenchError, match="generator 'narrow' breaks a rule"):
        draw_seconds(Narrow(), "narrow")


def test_a_file_is_decoded_for_a_moment(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(60_000), 1_000)
    rate = decoding_rate(path, 500, 60.0)
    assert math.isfinite(rate)
    assert rate > 0
