"""A report detects a generator that copies, and too few rows or tracks are refused."""

import dataclasses
import json
import math

import numpy as np
import pytest

from fpbench.generators.expected_hit_rates import MatchedQueries
from fpbench.generators.fidelity_report import (
    TooFewError,
    halve_tracks,
    judge_splits,
    measure_fidelity,
)
from fpbench.plugin.fingerprinters import Vectors


def normal(n: int, dim: int, seed: int = 0) -> Vectors:
    return np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)


def sphere(n: int, dim: int, seed: int = 0) -> Vectors:
    rows = normal(n, dim, seed)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


# ------------------------------------------------------------ the report


def test_halves_have_complete_tracks_and_about_equal_size(rng: np.random.Generator) -> None:
    tracks = np.repeat(np.arange(30), rng.integers(5, 50, 30))
    first, second = halve_tracks(tracks, rng)
    assert not set(tracks[first]) & set(tracks[second])
    assert len(first) + len(second) == len(tracks)
    assert abs(len(first) - len(second)) <= 50


def in_tracks(tracks: int, rows: int, seed: int) -> tuple[Vectors, np.ndarray]:
    """Tracks as clusters: rows of one track are near each other, tracks are far apart."""
    centres = np.repeat(sphere(tracks, 16, seed), rows, axis=0)
    vectors = centres + np.float32(0.05) * normal(tracks * rows, 16, seed + 1)
    return vectors.astype(np.float32), np.repeat(np.arange(tracks), rows)


def test_detects_a_generator_that_copies() -> None:
    training, _ = in_tracks(20, 20, 1)
    real, tracks = in_tracks(40, 20, 5)
    copies = training[np.random.default_rng(0).integers(len(training), size=800)]
    honest, _ = in_tracks(800, 1, 9)
    report = measure_fidelity(
        real, tracks, {"copies": copies, "honest": honest}, seed=0, splits=1, training=training
    )
    assert report.copying["copies"].nearer_training > 0.95
    assert report.copying["copies"].distance_training == pytest.approx(0, abs=1e-3)
    assert 0.3 < report.copying["honest"].nearer_training < 0.7
    assert 0.3 < report.copying["real"].nearer_training < 0.7


def test_copying_uses_at_most_max_rows() -> None:
    training, _ = in_tracks(20, 20, 1)
    real, tracks = in_tracks(40, 20, 5)
    report = measure_fidelity(
        real, tracks, {"copies": training}, seed=0, splits=1, max_rows=30, training=training
    )
    for copying in report.copying.values():
        assert copying.nearer_training * 30 == pytest.approx(round(copying.nearer_training * 30))
    # Most copies have their original among 400 rows, but not among 30 of them.
    assert report.copying["copies"].distance_training > 0.05


def test_the_floor_is_one_of_the_sets_and_hit_rates_are_paired() -> None:
    real, tracks = in_tracks(30, 20, 1)
    reference, _ = in_tracks(10, 10, 7)
    queries = reference + np.float32(0.2) * normal(100, 16, 8)
    one = np.arange(100)
    asked = MatchedQueries(vectors=queries, reference=reference, matches=(one, one + 1))
    in_track = (one // 10 * 10, one // 10 * 10 + 10)
    report = measure_fidelity(
        real, tracks, {"same": real}, seed=0, queries=asked, matches_in_track=in_track, splits=2
    )
    assert set(report.statistics) == {"real", "same"}
    assert report.rows == 300
    assert report.hit_rates is not None
    assert report.hit_rates.gap["same"] == (0.0, 0.0, 0.0, 0.0)
    assert report.hit_rates.sizes == (100, 200, 500, 600)
    # A half has 300 rows; what two of them differ by holds for more rows, too.
    assert report.hit_rates.floor[-1] == report.hit_rates.floor[-2] > 0
    assert report.hit_rates_in_track is not None
    rates = zip(
        report.hit_rates.hit_rate["real"], report.hit_rates_in_track.hit_rate["real"], strict=True
    )
    assert all(in_track > within for within, in_track in rates)


def test_hit_rates_may_be_among_other_distractors() -> None:
    real, tracks = in_tracks(30, 20, 1)
    reference, _ = in_tracks(10, 10, 7)
    one = np.arange(100)
    asked = MatchedQueries(vectors=reference, reference=reference, matches=(one, one + 1))
    more = in_tracks(40, 20, 11)
    report = measure_fidelity(
        real, tracks, {"x": sphere(900, 16)}, seed=0, queries=asked, distractors=more, splits=1
    )
    assert report.hit_rates is not None
    assert report.hit_rates.sizes[-1] == 800
    assert report.hit_rates_in_track is None


@pytest.mark.slow
def test_equal_seeds_give_equal_reports() -> None:
    real, tracks = in_tracks(10, 20, 1)
    first, second = (
        measure_fidelity(real, tracks, {"x": sphere(200, 16)}, seed=3) for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(
    ("real", "draws", "message"),
    [
        pytest.param((3, 20), 100, "3 real tracks, 4 needed", id="tracks"),
        pytest.param((4, 4), 100, "16 real rows give a half of 8, 10 needed", id="real rows"),
        pytest.param((4, 20), 9, "9 rows of x, 10 needed", id="draws"),
    ],
)
def test_refuses_too_few_tracks_and_rows(real: tuple[int, int], draws: int, message: str) -> None:
    vectors, tracks = in_tracks(*real, seed=1)
    with pytest.raises(TooFewError, match=message):
        measure_fidelity(vectors, tracks, {"x": sphere(draws, 16)}, seed=0)


def test_refuses_a_half_with_one_track() -> None:
    tracks = np.concatenate([np.zeros(2_000, dtype=np.int64), np.arange(1, 4), np.repeat(4, 1_990)])
    with pytest.raises(TooFewError, match=r"^2000 rows of a real half are all of one track"):
        judge_splits(tracks, seed=0)


def test_refuses_a_sample_with_one_track() -> None:
    vectors, tracks = in_tracks(1, 2_000, 1)
    long = np.concatenate([tracks, np.arange(1, 41), np.repeat(41, 1_990)])
    vectors = np.concatenate([vectors, in_tracks(1, 2_030, 5)[0]])
    with pytest.raises(TooFewError, match=r"^10 rows of a real half are all of one track"):
        measure_fidelity(vectors, long, {}, seed=0, max_rows=10)


def test_measures_the_minimum_of_tracks_and_rows() -> None:
    vectors, tracks = in_tracks(4, 5, 1)
    report = measure_fidelity(vectors, tracks, {"x": sphere(10, 16)}, seed=0)
    assert report.rows == 10


@pytest.mark.parametrize("missing", ["training", "queries"])
def test_refuses_empty_training_and_queries(missing: str) -> None:
    vectors, tracks = in_tracks(4, 20, 1)
    none = np.zeros(0, dtype=np.int64)
    asked = MatchedQueries(vectors=vectors[:0], reference=vectors, matches=(none, none))
    arguments = {missing: asked if missing == "queries" else vectors[:0]}
    with pytest.raises(TooFewError, match="no "):
        measure_fidelity(vectors, tracks, {"x": sphere(20, 16)}, seed=0, **arguments)


def test_infinity_is_none_in_json() -> None:
    real, tracks = in_tracks(10, 20, 1)
    report = measure_fidelity(real, tracks, {"x": sphere(200, 16)}, seed=3)
    infinite = dataclasses.replace(report.statistics["x"], local_dimension=(math.inf, 1.0))
    report = dataclasses.replace(report, statistics={"x": infinite}, spread={})
    block = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert block["statistics"]["x"]["local_dimension"] == [None, 1.0]
