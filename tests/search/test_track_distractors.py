"""Synthetic runs are those of whole tracks, and the same ones however they are read."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import Int64

from fpbench import FpbenchError, TrackGenerator, Vectors
from fpbench.search.distractors import CHUNK
from fpbench.search.track_distractors import TrackDistractors, choose_kinds, draw_runs


class Counting(TrackGenerator):
    """A track's rows are (number that is drawn for it, place in the track)."""

    dim = 2
    parameters: Mapping[str, int | float | str] = {}
    track_lengths = np.array([3, 1, 7])

    def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
        return rng.standard_normal((n, 2), dtype=np.float32)

    def draw_tracks(
        self, kinds: Int64[np.ndarray, " tracks"], rng: np.random.Generator, /
    ) -> Vectors:
        lengths = self.track_lengths[kinds]
        place = np.concatenate([np.arange(length) for length in lengths.tolist()])
        number = np.repeat(rng.random(len(kinds)), lengths)
        return np.stack([number, place], axis=1).astype(np.float32)

    def save(self, path: Path, /) -> None:
        raise NotImplementedError


def source(**changes: int) -> TrackDistractors:
    settings = {"seed": 1, "repeat": 0, "length": 3, **changes}
    return TrackDistractors(Counting(), "counting", **settings)


def read(distractors: TrackDistractors, *edges: int) -> Vectors:
    pieces = [distractors.rows(*span) for span in pairwise(edges)]
    return np.concatenate([rows for piece in pieces for rows in piece])


def test_every_row_is_a_run_of_consecutive_fingerprints_of_one_track() -> None:
    runs = read(source(), 0, 500).reshape(500, 3, 2) * np.sqrt(3)
    assert (np.ptp(runs[:, :, 0], axis=1) == 0).all()
    np.testing.assert_allclose(np.diff(runs[:, :, 1], axis=1), 1, rtol=1e-5)
    # Tracks of 3 and of 7 are equally probable, and have 1 and 5 runs.
    first = np.round(runs[:, 0, 1]).astype(int)
    counts = np.bincount(first)
    assert len(counts) == 5
    assert 1.5 < counts[0] / counts[1:].mean() < 2.6


def test_rows_do_not_depend_on_the_blocks_that_they_are_read_in() -> None:
    whole = read(source(), 0, CHUNK + 300)
    again = read(source(at_once=2), 0, 7, CHUNK - 1, CHUNK + 2, CHUNK + 300)
    assert whole.tobytes() == again.tobytes()
    (tail,) = source().rows(CHUNK, CHUNK + 300)  # as another worker reads it
    assert tail.tobytes() == whole[CHUNK:].tobytes()
    assert not np.array_equal(read(source(repeat=1), 0, 50), whole[:50])


def test_whole_tracks_are_drawn_until_there_are_runs_enough(rng: np.random.Generator) -> None:
    lengths = np.array([3, 1, 7])
    kinds = choose_kinds(lengths, 20, 3, rng)
    runs = np.cumsum(lengths[kinds] - 2)
    assert runs[-2] < 20 <= runs[-1]
    assert set(kinds.tolist()) <= {0, 2}
    assert len(draw_runs(Counting(), "counting", 20, 3, rng)) == 20


def test_tracks_that_are_all_shorter_than_a_query_are_refused() -> None:
    with pytest.raises(FpbenchError, match=r"8 fingerprints, but the longest track .* has 7"):
        source(length=8)


def test_a_generator_that_draws_other_tracks_is_refused() -> None:
    class Short(Counting):
        def draw_tracks(
            self, kinds: Int64[np.ndarray, " tracks"], rng: np.random.Generator, /
        ) -> Vectors:
            return super().draw_tracks(kinds, rng)[1:]

    with pytest.raises(FpbenchError, match=r"'short' breaks a rule: draws must have the shape"):
        next(TrackDistractors(Short(), "short", 0, length=3).rows(0, 5))


def test_starts_of_tracks_are_where_places_begin_anew() -> None:
    whole = source(length=1)
    places = read(whole, 0, CHUNK + 300)[:, 1]
    starts = np.flatnonzero(places == 0)
    np.testing.assert_array_equal(whole.track_starts(CHUNK + 300), starts)
    assert CHUNK in starts  # a chunk begins with a track
    np.testing.assert_array_equal(whole.track_starts(5), starts[starts < 5])
    assert len(whole.track_starts(0)) == 0
