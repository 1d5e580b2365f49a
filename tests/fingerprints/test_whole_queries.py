"""Whole tracks are degraded once, and kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fpbench.audio.query_recipe import NAFP
from fpbench.audio.reading import track_hash
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.files import UnchangedFile
from fpbench.fingerprints.query_sets import QuerySource
from fpbench.fingerprints.whole_queries import tempo_of, whole_queries
from fpbench.plugin.datasets import Track
from fpbench.plugin.fingerprinters import FingerprintSpec, Segments, Vectors

RATE_HZ = 8_000


class Energies:
    """Two numbers that tell loud from quiet segments."""

    spec = FingerprintSpec(sample_rate_hz=RATE_HZ, segment_s=1.0, dim=2)

    def embed(self, segments: Segments, /) -> Vectors:
        energy = np.sqrt((segments**2).mean(axis=1))
        rows = np.stack([energy, np.ones_like(energy)], axis=1)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


class Halve:
    """Makes samples half as loud, and counts its calls."""

    context_s = 0.0
    tempo = 1.0
    recordings = ()
    calls = 0

    def apply(
        self, samples: np.ndarray, context: int, sample_rate_hz: int, rng: np.random.Generator
    ) -> np.ndarray:
        self.calls += 1
        return samples / np.float32(2)


def test_tracks_are_degraded_from_start_to_end_and_kept(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    tracks = []
    for number, length_s in enumerate((3, 5)):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, rng.uniform(-0.5, 0.5, length_s * RATE_HZ), RATE_HZ)
        tracks.append(Track(name=path.name, path=path))
    halve = Halve()
    source = QuerySource(
        fingerprinter=Energies(),
        name="energies",
        identity={"name": "energies"},
        tracks=tracks,
        hashes=None,
        sources={"audio": ["a", "b"], "degradations": ["halve"]},
        recordings=(),
        recipe=NAFP,
        chain=[halve],
        seed=0,
    )
    store = Store(tmp_path / "store")
    made = list(whole_queries(store, source, [0, 1], lambda *_: None))
    # Fingerprints of 1 s, half a second apart.
    assert [len(one.vectors) for one in made] == [5, 9]
    assert tempo_of(source) == 1.0
    again = list(whole_queries(store, source, [1], lambda *_: None))
    assert halve.calls == 2
    assert again[0].key == made[1].key
    np.testing.assert_array_equal(again[0].vectors, made[1].vectors)

    # Neither a track nor a recording of the degradations may be another one than its hash says.
    known = replace(source, hashes=[track_hash(track) for track in tracks])
    mixing = replace(source, recordings=(UnchangedFile.of(tracks[1].path),), seed=1)
    soundfile.write(tracks[1].path, np.zeros(RATE_HZ), RATE_HZ)
    for changed, number in ((replace(known, seed=1), 1), (mixing, 0)):
        with pytest.raises(FpbenchError, match="has changed since it was"):
            list(whole_queries(Store(tmp_path / "new"), changed, [number], lambda *_: None))
    assert not list((tmp_path / "new").rglob("*.npz"))
