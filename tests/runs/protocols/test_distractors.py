"""Synthetic distractors of a protocol are addressed draws: those of a plain run, and fresh ones."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jaxtyping import Int64

from fpbench import FingerprintGenerator, FpbenchError, TrackGenerator, Vectors
from fpbench.plugin.datasets import Positions, VectorDataset, VectorTracks
from fpbench.results.systems import GeneratorInfo
from fpbench.runs.config import RunConfig
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.protocols.distractors import (
    ProtocolDistractors,
    find_changes,
    lacks_tracks,
    real_distractors,
    synthetic_distractors,
)
from fpbench.runs.protocols.inputs import ProtocolInputs, inputs_of_vectors
from fpbench.runs.ready_made import VectorSource
from fpbench.search.distractors import SyntheticDistractors


class Independent(FingerprintGenerator):
    """Draws single fingerprints."""

    dim = 3
    parameters: Mapping[str, int | float | str] = {}

    def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
        return rng.standard_normal((n, 3), dtype=np.float32)

    def save(self, path: Path, /) -> None:
        raise NotImplementedError


class Tracks(Independent, TrackGenerator):
    """Draws tracks of 4 and of 6 fingerprints, whose entries are the fingerprint's place."""

    track_lengths = np.array([4, 6])

    def draw_tracks(
        self, kinds: Int64[np.ndarray, " tracks"], rng: np.random.Generator, /
    ) -> Vectors:
        places = [np.arange(length) for length in self.track_lengths[kinds].tolist()]
        return np.tile(np.concatenate(places)[:, None], 3).astype(np.float32)


def inputs(rows: int, tracks: np.ndarray | None = None) -> ProtocolInputs:
    reference = Positions(np.zeros(5, dtype=np.int64), 0.5 * np.arange(5))
    of_tracks = VectorTracks(
        names=list("abcdefgh"), query=reference, reference=reference, distractors=tracks
    )
    vectors = VectorDataset(
        query=np.zeros((5, 3), dtype=np.float32),
        reference=np.zeros((5, 3), dtype=np.float32),
        distractors=np.zeros((rows, 3), dtype=np.float32),
        tracks=None if tracks is None else of_tracks,
    )
    return inputs_of_vectors(
        VectorSource(name="x", vectors=vectors, n_queries=1, query_length_s=1.0, seed=0)
    )


def fitted(generator: FingerprintGenerator) -> FittedGenerator:
    info = GeneratorInfo(
        name="x",
        distribution="test",
        version="1",
        options={},
        parameters={},
        fitted_fingerprints=None,
        weights_sha256="0" * 64,
    )
    return FittedGenerator(generator, info, "key", Path("x"))


def config(**changes: Any) -> RunConfig:
    return RunConfig(**{"protocol": "nafp", "distractors": "synthetic", "seed": 3, **changes})


def synthetic(
    generator: FingerprintGenerator, longest: int, rows: int = 0, **changes: Any
) -> ProtocolDistractors:
    return synthetic_distractors(
        config(**changes), inputs(rows), fitted(generator), lambda one: one, longest=longest
    )


def test_single_fingerprints_are_those_of_a_run_without_a_protocol() -> None:
    plain = np.concatenate(list(SyntheticDistractors(Independent(), "x", 3).rows(0, 12_000)))
    found = synthetic(Independent(), 1, sizes=(12_000,))
    assert found.kind == "synthetic"
    assert len(found.rows) == 12_000
    np.testing.assert_array_equal(found.rows[8_000:12_000], plain[8_000:])
    assert found.track_starts(100).tolist() == [0]  # no fingerprint follows another


def test_every_repeat_is_drawn_afresh_and_none_is_trained_on() -> None:
    found = synthetic(Independent(), 1, sizes=(100,))
    assert found.draw_again is not None
    np.testing.assert_array_equal(found.draw_again(0)[:], found.rows[:])
    draws = [found.draw_again(number)[:].tobytes() for number in range(5)]
    assert len({*draws, found.training[:].tobytes()}) == 6


def test_longer_queries_are_searched_among_whole_tracks() -> None:
    found = synthetic(Tracks(), 3, sizes=(50,))
    places = found.rows[:][:, 0]
    starts = np.flatnonzero(places == 0)
    np.testing.assert_array_equal(found.track_starts(50), starts)
    assert set(np.diff(starts)) == {4, 6}
    assert not lacks_tracks(fitted(Tracks()), 3)
    assert lacks_tracks(fitted(Independent()), 3)
    assert not lacks_tracks(fitted(Independent()), 1)


def test_sizes_are_those_of_the_run_and_with_both_that_of_all_real_ones() -> None:
    assert synthetic(Independent(), 1, rows=40).sizes == [10_000, 100_000, 1_000_000]
    both = {"distractors": "both", "sizes": (30, 100)}
    assert synthetic(Independent(), 1, rows=40, **both).sizes == [30, 40, 100]
    assert real_distractors(config(**both), inputs(40)).sizes == [30, 40]
    assert synthetic(Independent(), 1, rows=400, **both).sizes == [30, 100]
    assert real_distractors(config(distractors="real"), inputs(40)).sizes == [40]
    assert real_distractors(config(distractors="none"), inputs(40)).sizes == [0]


def test_only_where_the_data_have_none_real_distractors_may_be_absent() -> None:
    with pytest.raises(FpbenchError, match="has no distractors"):
        real_distractors(config(distractors="real"), inputs(0))
    assert real_distractors(config(distractors="real", protocol="nmfp"), inputs(0)).sizes == [0]


def test_tracks_of_real_distractors_are_known_or_one() -> None:
    known = real_distractors(config(distractors="real"), inputs(5, np.array([7, 7, 2, 2, 3])))
    assert known.track_starts(4).tolist() == [0, 2]
    assert real_distractors(config(distractors="real"), inputs(5)).track_starts(4).tolist() == [0]
    assert find_changes(np.zeros(0, dtype=np.int64)).tolist() == []
