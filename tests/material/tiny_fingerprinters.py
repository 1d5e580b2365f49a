"""Fingerprinters of two dims whose fingerprints are worked out by hand."""

from dataclasses import replace

import numpy as np

from fpbench import FingerprintSpec, Samples, Segments, Vectors

TINY = FingerprintSpec(sample_rate_hz=10, segment_s=1.0, hop_s=0.5, dim=2, unit_norm=False)
"""A segment has 10 samples, a hop 5."""


class FirstAndLast:
    """Returns the first and the last sample of a segment; records the sizes of its batches."""

    def __init__(self, spec: FingerprintSpec = TINY) -> None:
        self.spec = spec
        self.batches: list[int] = []

    def embed(self, segments: Segments, /) -> Vectors:
        self.batches.append(len(segments))
        return segments[:, [0, -1]].copy()


class Returning:
    """Returns a given value, or raises it if it is an exception."""

    def __init__(
        self, value: object, *, unit_norm: bool = False, may_be_zero: bool = False
    ) -> None:
        self.spec = replace(TINY, unit_norm=unit_norm, may_be_zero=may_be_zero)
        self._value = value

    def embed(self, segments: Segments, /) -> object:
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


def ramp(samples: int, start: int = 1) -> Samples:
    """Samples that count up by one."""
    return np.arange(start, start + samples, dtype=np.float32)
