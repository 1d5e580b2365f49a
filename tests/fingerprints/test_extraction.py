"""Extraction keeps silent segments, all paths and NaN, and lists skipped files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fpbench import FingerprintSpec, Samples, Segments, Vectors
from fpbench.fingerprints.extraction import extract

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
    return np.arange(start, start + samples, dtype=np.float32)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for name, samples in {"a": ramp(20) / 100, "b": ramp(3) / 100, "s": ramp(10) * 0}.items():
        soundfile.write(tmp_path / f"{name}.wav", samples, 10, subtype="FLOAT")
    return [tmp_path / f"{name}.wav" for name in ("a", "none", "b", "s", "a")]


def test_keeps_silent_segments_and_all_paths(files: list[Path], tmp_path: Path) -> None:
    names: list[str] = []
    extraction = extract(FirstAndLast(), "x", files, report=lambda _, name: names.append(name))
    assert names == [str(path) for path in files]
    assert extraction.tracks == tuple(names)
    assert extraction.track.tolist() == [0, 0, 0, 3, 4, 4, 4]
    assert extraction.start_s.tolist() == [0, 0.5, 1, 0, 0, 0.5, 1]
    assert extraction.silent.tolist() == [False] * 3 + [True] + [False] * 3
    assert [file.track for file in extraction.skipped] == [str(files[1]), str(files[2])]
    extraction.save(tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as saved:
        assert {name: saved[name].dtype.kind for name in saved} == {
            "vectors": "f",
            "start_s": "f",
            "track": "i",
            "tracks": "U",
            "silent": "b",
            "not_finite": "b",
        }
        np.testing.assert_array_equal(saved["vectors"], extraction.vectors)


def test_keeps_nan(files: list[Path]) -> None:
    plugin = Returning(np.full((3, 2), np.nan, np.float32))
    extraction = extract(plugin, "x", files[:1], report=lambda *_: None)
    assert extraction.not_finite.tolist() == [True] * 3


def test_an_extraction_may_be_empty(files: list[Path]) -> None:
    extraction = extract(FirstAndLast(), "x", files[1:3], report=lambda *_: None)
    assert extraction.vectors.shape == (0, 2)
    assert extraction.track.tolist() == []
