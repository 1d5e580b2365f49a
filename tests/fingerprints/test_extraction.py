"""Extraction keeps silence, every path and what is not finite, and says what it leaves out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fpbench import FingerprintSpec, Samples, Segments, Vectors
from fpbench.fingerprints.extraction import extract

TINY = FingerprintSpec(sample_rate_hz=10, segment_s=1.0, hop_s=0.5, dim=2, unit_norm=False)
"""10 samples a segment, 5 a hop."""


class FirstAndLast:
    """Gives a segment's first and last sample, and remembers the sizes of its batches."""

    def __init__(self, spec: FingerprintSpec = TINY) -> None:
        self.spec = spec
        self.batches: list[int] = []

    def embed(self, segments: Segments, /) -> Vectors:
        self.batches.append(len(segments))
        return segments[:, [0, -1]].copy()


class Answers:
    """Gives whatever it was told to."""

    def __init__(
        self, answer: object, *, unit_norm: bool = False, may_be_zero: bool = False
    ) -> None:
        self.spec = replace(TINY, unit_norm=unit_norm, may_be_zero=may_be_zero)
        self._answer = answer

    def embed(self, segments: Segments, /) -> object:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def ramp(samples: int, start: int = 1) -> Samples:
    return np.arange(start, start + samples, dtype=np.float32)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for name, samples in {"a": ramp(20) / 100, "b": ramp(3) / 100, "s": ramp(10) * 0}.items():
        soundfile.write(tmp_path / f"{name}.wav", samples, 10, subtype="FLOAT")
    return [tmp_path / f"{name}.wav" for name in ("a", "none", "b", "s", "a")]


def test_extraction_keeps_silence_and_all_paths(files: list[Path], tmp_path: Path) -> None:
    told: list[str] = []
    found = extract(FirstAndLast(), "x", files, report=lambda _, name: told.append(name))
    assert told == [str(path) for path in files]
    assert found.tracks == tuple(told)
    assert found.track.tolist() == [0, 0, 0, 3, 4, 4, 4]
    assert found.start_s.tolist() == [0, 0.5, 1, 0, 0, 0.5, 1]
    assert found.silent.tolist() == [False] * 3 + [True] + [False] * 3
    assert [path for path, _ in found.problems] == [str(files[1]), str(files[2])]
    found.save(tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as saved:
        assert {name: saved[name].dtype.kind for name in saved} == {
            "vectors": "f",
            "start_s": "f",
            "track": "i",
            "tracks": "U",
            "silent": "b",
            "not_finite": "b",
        }
        np.testing.assert_array_equal(saved["vectors"], found.vectors)


def test_extraction_lets_nan_through(files: list[Path]) -> None:
    plugin = Answers(np.full((3, 2), np.nan, np.float32))
    found = extract(plugin, "x", files[:1], report=lambda *_: None)
    assert found.not_finite.tolist() == [True] * 3


def test_extraction_of_nothing_is_empty(files: list[Path]) -> None:
    found = extract(FirstAndLast(), "x", files[1:3], report=lambda *_: None)
    assert found.vectors.shape == (0, 2)
    assert found.track.tolist() == []
