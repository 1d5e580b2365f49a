"""A test of a fingerprinter fails with the list of all rules that it breaks."""

import numpy as np
import pytest

from fpbench import FingerprintSpec, Segments, Vectors
from fpbench.testing import check_fingerprinter


class Correct:
    spec = FingerprintSpec(sample_rate_hz=1_000, segment_s=1.0, dim=3)

    def embed(self, segments: Segments, /) -> Vectors:
        parts = [np.square(part).mean(axis=1) for part in np.array_split(segments, 3, axis=1)]
        levels = np.stack(parts, axis=1)
        return levels / np.maximum(np.linalg.norm(levels, axis=1, keepdims=True), 1e-30)


class Wrong(Correct):
    def embed(self, segments: Segments, /) -> Vectors:
        vectors = super().embed(segments)
        return 2 * vectors * np.where(segments.any(axis=1, keepdims=True), 1, np.nan)


def test_passes_a_correct_fingerprinter(rng: np.random.Generator) -> None:
    check_fingerprinter(Correct(), rng)


def test_lists_all_broken_rules(rng: np.random.Generator) -> None:
    with pytest.raises(AssertionError) as err:
        check_fingerprinter(Wrong(), rng)
    lines = str(err.value).splitlines()
    assert lines[0] == "rules broken:"
    broken = [line.partition(":")[0] for line in lines[1:]]
    assert broken == ["dtype", "unit norm", "silence", "hop", "throughput"]
