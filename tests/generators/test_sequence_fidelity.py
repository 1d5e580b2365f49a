"""Tracks are compared by lag, and shorter queries are the first fingerprints of longer ones."""

import numpy as np

from fpbench import Vectors
from fpbench.generators.expected_hit_rates import MatchedQueries, RealDistractors
from fpbench.generators.sequence_fidelity import (
    LengthQueries,
    TrackSet,
    cut_queries,
    first_fingerprints,
    rates_by_length,
    shorter_lengths,
    similarities_by_lag,
)
from fpbench.results.lengths import QueryLength

FOUR_TRACKS = np.repeat(np.arange(4), 3)
HALVES = [(np.arange(6), np.arange(6, 12)), (np.arange(6), np.arange(6, 12))]


def rows_of(*values: float) -> Vectors:
    return np.array(values, dtype=np.float32)[:, None]


def test_similarity_is_the_mean_over_tracks_with_the_difference_of_halves_as_floor() -> None:
    real = TrackSet(vectors=rows_of(1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2), stretches=FOUR_TRACKS)
    drawn = TrackSet(vectors=rows_of(3, 1, 2), stretches=np.array([0, 0, 1]))
    found = similarities_by_lag(real, {"drawn": drawn}, HALVES, hop_s=0.5)
    assert found.lags_s[:3] == [0.5, 1.0, 2.0]
    assert list(found.similarity["real"])[:3] == [2.5, 2.5, None]
    assert list(found.similarity["drawn"])[:2] == [3.0, None]  # its other track has no pair
    assert list(found.floor)[:3] == [3.0, 3.0, None]


def test_shorter_queries_are_of_the_wanted_seconds_or_of_one_fingerprint() -> None:
    found = shorter_lengths(QueryLength(5.0, 9), 0.5)
    assert found == [QueryLength(1.0, 1), QueryLength(3.0, 5)]
    assert shorter_lengths(QueryLength(1.0, 1), 0.5) == []


def test_the_first_fingerprints_of_a_run_keep_the_scale_of_scores() -> None:
    runs = np.array([[1, 2, 3, 4, 5, 6]], dtype=np.float32) / np.sqrt(3, dtype=np.float32)
    np.testing.assert_allclose(first_fingerprints(runs, 1, 3), [[1, 2]], rtol=1e-6)
    two = first_fingerprints(runs, 2, 3)
    np.testing.assert_allclose(two, np.array([[1, 2, 3, 4]]) / np.sqrt(2), rtol=1e-6)


TWO, ONE = QueryLength(1.5, 2), QueryLength(1.0, 1)
HERE = (np.array([0]), np.array([1]))


def test_hit_rates_of_shorter_queries_are_among_shorter_runs() -> None:
    query = np.array([[1, 1]], dtype=np.float32)  # two fingerprints of one entry
    real = np.tile(np.array([[2, -9]], dtype=np.float32), (12, 1))  # beats the first alone
    among = RealDistractors(vectors=real, tracks=FOUR_TRACKS, clusters=FOUR_TRACKS, halves=HALVES)
    queries = MatchedQueries(vectors=query, reference=query, matches={0.25: HERE, None: HERE})
    cut = cut_queries(queries, TWO, 0.5)
    (found,) = rates_by_length(among, {"drawn": -real}, cut, TWO)
    assert (found.segments, found.length_s) == (1, 1.0)
    assert (found.hit_rates.metric, found.hit_rates.tolerance_s) == ("hr@1", 0.25)
    assert list(found.hit_rates.hit_rate["real"]) == [0.0]
    assert list(found.hit_rates.hit_rate["drawn"]) == [1.0]


def test_queries_of_a_length_of_their_own_are_not_cut() -> None:
    real = np.tile(np.array([[1, 0]], dtype=np.float32), (12, 1))
    among = RealDistractors(vectors=real, tracks=FOUR_TRACKS, clusters=FOUR_TRACKS, halves=HALVES)
    asked, wanted = rows_of(2), rows_of(0.5)
    queries = MatchedQueries(vectors=asked, reference=wanted, matches={0.0: HERE})
    alone = [LengthQueries(length=ONE, queries=queries)]
    (found,) = rates_by_length(among, {"half": real / 2, "third": real / 3}, alone, TWO)
    # A run of two rows has the rows' lengths, divided by sqrt(2) side by side.
    assert list(found.hit_rates.hit_rate["real"]) == [0.0]  # 2 * sqrt(2) > 2 * 0.5
    assert list(found.hit_rates.hit_rate["half"]) == [0.0]  # 2 * sqrt(2) / 2 > 1
    assert list(found.hit_rates.hit_rate["third"]) == [1.0]  # 2 * sqrt(2) / 3 < 1
