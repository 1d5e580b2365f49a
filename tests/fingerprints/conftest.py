"""Tracks of different lengths, for all tests of this room."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from fpbench import Track


@pytest.fixture
def tracks(tmp_path: Path, rng: np.random.Generator) -> list[Track]:
    """Six tracks with 3, 5, 7, 9, 11 and 13 segments of a second, half a second apart."""
    tracks = []
    for number in range(6):
        path = tmp_path / f"{number}.wav"
        samples = rng.uniform(-1, 1, 200 + 100 * number).astype(np.float32)
        soundfile.write(path, samples, 100, subtype="FLOAT")
        tracks.append(Track(name=f"track {number}", path=path))
    return tracks
