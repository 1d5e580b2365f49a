"""Extraction keeps silent segments, all paths and NaN, and lists skipped files."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_fingerprinters import FirstAndLast, Returning, ramp

from fpbench.fingerprints.extraction import extract


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
