"""The identity of a system is its fingerprints of a fixed signal."""

from dataclasses import replace

import numpy as np
import pytest

from fpbench import FingerprintSpec, Segments, Settings, Vectors
from fpbench.fingerprints.probe import identify, probe_signals

SPEC = FingerprintSpec(sample_rate_hz=100, segment_s=1.0, dim=8)


class Projection:
    """Projects a segment onto random vectors."""

    def __init__(self, seed: int = 0) -> None:
        self.spec = SPEC
        self._matrix = np.random.default_rng(seed).standard_normal((SPEC.samples, SPEC.dim))

    def embed(self, segments: Segments, /) -> Vectors:
        vectors = segments @ self._matrix
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


class Silent(Projection):
    def embed(self, segments: Segments, /) -> Vectors:
        return np.full((len(segments), SPEC.dim), np.nan, dtype=np.float32)


def test_equal_fingerprinters_have_equal_identities() -> None:
    one = identify(Projection(), "one", Settings())
    assert one == identify(Projection(), "one", Settings())
    assert one.is_same(identify(Projection(), "other", Settings(dtype="bfloat16")))


def test_an_identity_names_no_folder() -> None:
    settings = Settings(options={"codebook": "/home/ann/codes.npy", "width": "3"})
    options = identify(Projection(), "one", settings).options
    assert options == {"codebook": "codes.npy", "width": "3"}


def test_other_weights_give_another_identity() -> None:
    one, other = (identify(Projection(seed), "one", Settings()) for seed in (0, 1))
    assert not one.is_same(other)


def test_settings_are_recorded() -> None:
    one = identify(Projection(), "one", Settings(options={"width": "3"}))
    assert (one.name, one.options, one.spec["dim"]) == ("one", {"width": "3"}, 8)


def test_fingerprints_that_are_not_finite_have_an_identity() -> None:
    assert identify(Silent(), "one", Settings()).is_same(identify(Silent(), "one", Settings()))


@pytest.mark.parametrize("segment_s", [1.0, 30.0])
def test_signals_have_several_segments(segment_s: float) -> None:
    spec = replace(SPEC, segment_s=segment_s)
    signals = list(probe_signals(spec))
    assert len(signals) == 3
    assert all(len(signal) > spec.samples for signal in signals)
    assert all(np.abs(signal).max() <= 1 for signal in signals)
