"""A report detects a generator that copies, and too few rows or tracks are refused."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from fpbench.conversion import convert
from fpbench.generators.expected_hit_rates import MatchedQueries
from fpbench.generators.fidelity_report import (
    JudgingSet,
    TooFewError,
    halve_tracks,
    judge_splits,
    measure_fidelity,
)
from fpbench.plugin.fingerprinters import Vectors
from fpbench.results.fidelity import Fidelity


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


def judging(tracks: int, rows: int, seed: int, groups: int | None = None) -> JudgingSet:
    """Tracks as clusters, in turn of each of some groups."""
    vectors, track = in_tracks(tracks, rows, seed)
    return JudgingSet(
        vectors=vectors, tracks=track, groups=None if groups is None else track % groups
    )


def in_tracks(tracks: int, rows: int, seed: int) -> tuple[Vectors, np.ndarray]:
    """Tracks as clusters: rows of one track are near each other, tracks are far apart."""
    centres = np.repeat(sphere(tracks, 16, seed), rows, axis=0)
    vectors = centres + np.float32(0.05) * normal(tracks * rows, 16, seed + 1)
    return vectors.astype(np.float32), np.repeat(np.arange(tracks), rows)


def test_detects_a_generator_that_copies() -> None:
    training, _ = in_tracks(20, 20, 1)
    real = judging(40, 20, 5)
    copies = training[np.random.default_rng(0).integers(len(training), size=800)]
    honest, _ = in_tracks(800, 1, 9)
    report = measure_fidelity(
        real, {"copies": copies, "honest": honest}, seed=0, splits=1, training=training
    )
    assert (report.copying or {})["copies"].nearer_training > 0.95
    assert (report.copying or {})["copies"].distance_training == pytest.approx(0, abs=1e-3)
    assert 0.3 < (report.copying or {})["honest"].nearer_training < 0.7
    assert 0.3 < (report.copying or {})["real"].nearer_training < 0.7


def test_copying_uses_at_most_max_rows() -> None:
    training, _ = in_tracks(20, 20, 1)
    real = judging(40, 20, 5)
    report = measure_fidelity(
        real, {"copies": training}, seed=0, splits=1, max_rows=30, training=training
    )
    for copying in (report.copying or {}).values():
        assert copying.nearer_training * 30 == pytest.approx(round(copying.nearer_training * 30))
    # Most copies have their original among 400 rows, but not among 30 of them.
    assert (report.copying or {})["copies"].distance_training > 0.05


def test_the_floor_is_one_of_the_sets_and_hit_rates_are_paired() -> None:
    real = judging(30, 20, 1)
    reference, _ = in_tracks(10, 10, 7)
    queries = reference + np.float32(0.2) * normal(100, 16, 8)
    one = np.arange(100)
    in_track = (one // 10 * 10, one // 10 * 10 + 10)
    asked = MatchedQueries(
        vectors=queries, reference=reference, matches={0.25: (one, one + 1), None: in_track}
    )
    report = measure_fidelity(real, {"same": real.vectors}, seed=0, queries=asked, splits=2)
    assert set(report.statistics or ()) == {"real", "same"}
    assert report.rows == 300
    assert [(rates.metric, rates.tolerance_s) for rates in report.tables()] == [
        (f"hr@{k}", tolerance_s) for tolerance_s in (0.25, None) for k in (1, 3, 10)
    ]
    within, in_track = report.tables()[0], report.tables()[3]
    assert within.gap["same"] == (0.0, 0.0, 0.0, 0.0)
    assert within.sizes == (100, 200, 500, 600)
    # A half has 300 rows; what two of them differ by holds for more rows, too.
    assert within.floor[-1] == within.floor[-2] > 0
    rates = zip(within.hit_rate["real"], in_track.hit_rate["real"], strict=True)
    assert all(anywhere > near for near, anywhere in rates)


def test_a_report_says_what_it_was_measured_with() -> None:
    report = measure_fidelity(judging(12, 20, 1), {"x": sphere(200, 16)}, seed=0, splits=1)
    assert (report.judged_by, report.tracks, report.groups) == ("held-out tracks", 12, None)
    assert (report.marginal_bins, report.similarity_bins) == (64, 200)
    assert report.similarity_pairs == 200_000
    assert report.hit_rates is None


def test_no_group_is_in_both_inner_halves() -> None:
    real = judging(24, 20, 1, groups=6)
    halves, by_group = judge_splits(real, seed=0)
    assert by_group
    for first, second in halves:
        assert real.groups is not None
        assert set(real.groups[first]).isdisjoint(real.groups[second])
    assert measure_fidelity(real, {}, seed=0, splits=1).groups == 6


@pytest.mark.parametrize(
    "groups",
    [
        pytest.param(np.zeros(24, dtype=np.int64), id="one group"),
        pytest.param(np.arange(24) % 3, id="fewer than four groups"),
        pytest.param(np.maximum(np.arange(24) - 20, 0), id="one group with most rows"),
    ],
)
def test_too_few_or_unequal_groups_are_divided(
    groups: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    vectors, tracks = in_tracks(24, 20, 1)
    real = JudgingSet(vectors=vectors, tracks=tracks, groups=groups[tracks])
    report = measure_fidelity(real, {}, seed=0, splits=1)
    assert report.groups is None
    assert "too few or too unequal to divide them by group" in caplog.text


@pytest.mark.slow
def test_equal_seeds_give_equal_reports() -> None:
    real = judging(10, 20, 1)
    first, second = (measure_fidelity(real, {"x": sphere(200, 16)}, seed=3) for _ in range(2))
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
    with pytest.raises(TooFewError, match=message):
        measure_fidelity(judging(*real, seed=1), {"x": sphere(draws, 16)}, seed=0)


def test_refuses_a_half_with_one_track() -> None:
    tracks = np.concatenate([np.zeros(2_000, dtype=np.int64), np.arange(1, 4), np.repeat(4, 1_990)])
    with pytest.raises(TooFewError, match=r"^2000 rows of a real half are all of one track"):
        judge_splits(JudgingSet(vectors=sphere(len(tracks), 4), tracks=tracks), seed=0)


def test_refuses_a_sample_with_one_track() -> None:
    vectors, tracks = in_tracks(1, 2_000, 1)
    long = np.concatenate([tracks, np.arange(1, 41), np.repeat(41, 1_990)])
    vectors = np.concatenate([vectors, in_tracks(1, 2_030, 5)[0]])
    with pytest.raises(TooFewError, match=r"^10 rows of a real half are all of one track"):
        measure_fidelity(JudgingSet(vectors=vectors, tracks=long), {}, seed=0, max_rows=10)


def test_measures_the_minimum_of_tracks_and_rows() -> None:
    report = measure_fidelity(judging(4, 5, 1), {"x": sphere(10, 16)}, seed=0)
    assert report.rows == 10


@pytest.mark.parametrize("missing", ["training", "queries"])
def test_refuses_empty_training_and_queries(missing: str) -> None:
    real = judging(4, 20, 1)
    vectors, none = real.vectors, np.zeros(0, dtype=np.int64)
    asked = MatchedQueries(vectors=vectors[:0], reference=vectors, matches={None: (none, none)})
    arguments = {missing: asked if missing == "queries" else vectors[:0]}
    with pytest.raises(TooFewError, match="no "):
        measure_fidelity(real, {"x": sphere(20, 16)}, seed=0, **arguments)


def test_an_infinite_dimension_is_none_and_a_report_survives_json() -> None:
    real = judging(10, 20, 1)
    copies = np.repeat(sphere(1, 16), 200, axis=0)
    report = measure_fidelity(real, {"copies": copies}, seed=3)
    assert report.of("copies") is not None
    assert report.of("copies").local_dimension[0] is None  # type: ignore[union-attr]
    text = json.dumps(asdict(report), allow_nan=False)
    assert json.dumps(asdict(convert(json.loads(text), Fidelity, "text"))) == text
