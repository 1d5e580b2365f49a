"""Each statistic is what its definition says, and a copying generator cannot hide."""

import dataclasses
import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fpbench.generators.fidelity import (
    best_among_reference,
    count_better,
    frechet_distance,
    hit_chances,
    jensen_shannon,
    local_dimension,
    manifold,
    marginal_divergence,
    nearest_distances,
    pair_similarities,
    similarity_divergence,
)
from fpbench.generators.fidelity_report import (
    TooFewError,
    halve_tracks,
    judge_splits,
    measure_fidelity,
    sizes_up_to,
)
from fpbench.plugin.fingerprinters import Vectors


def normal(n: int, dim: int, seed: int = 0) -> Vectors:
    return np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)


def sphere(n: int, dim: int, seed: int = 0) -> Vectors:
    rows = normal(n, dim, seed)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


# ------------------------------------------------------------ Frechet distance


def test_a_set_is_at_frechet_distance_0_from_itself() -> None:
    rows = normal(500, 8)
    assert frechet_distance(rows, rows) == pytest.approx(0, abs=1e-9)


@given(shift=st.floats(-3, 3), scale=st.floats(0.2, 3))
@settings(max_examples=25)
def test_frechet_distance_of_a_moved_and_stretched_set(shift: float, scale: float) -> None:
    # Means differ by `shift` in 4 dims; standard deviations s by the factor: sum of ((a-1) s)^2.
    rows = normal(400, 4)
    moved = ((rows - rows.mean(0)) * np.float32(scale) + np.float32(shift)).astype(np.float32)
    centred = rows - rows.mean(0)
    expected = 4 * shift**2 + (scale - 1) ** 2 * float(np.trace(np.cov(centred, rowvar=False)))
    assert frechet_distance(centred, moved) == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_frechet_distance_of_a_rotation() -> None:
    # Standard deviations (2, 1) against (1, 2): (2-1)^2 + (1-2)^2, for sets with exact moments.
    corners = np.array([[2, 1], [2, -1], [-2, 1], [-2, -1]], dtype=np.float32)
    unbiased = 4 / 3
    assert frechet_distance(corners, corners[:, ::-1].copy()) == pytest.approx(2 * unbiased)


def test_frechet_distance_takes_sets_of_deficient_rank() -> None:
    rows = np.hstack([normal(50, 2), np.zeros((50, 3), dtype=np.float32)])
    assert frechet_distance(rows, rows) == pytest.approx(0, abs=1e-6)


# ------------------------------------------------------------ Jensen-Shannon


def test_divergence_is_0_for_equal_and_1_bit_for_disjoint_histograms() -> None:
    assert jensen_shannon(np.array([1.0, 3.0]), np.array([2.0, 6.0])) == 0
    assert jensen_shannon(np.array([5.0, 0.0]), np.array([0.0, 2.0])) == 1


def test_divergence_worked_by_hand() -> None:
    # P = (1, 0), Q = (1/2, 1/2), M = (3/4, 1/4): [log2(4/3) + (log2(2/3) + log2 2) / 2] / 2.
    expected = (math.log2(4 / 3) + (math.log2(2 / 3) + 1) / 2) / 2
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([1.0, 1.0])) == pytest.approx(expected)


def test_marginals_miss_what_similarities_see() -> None:
    rng = np.random.default_rng(0)
    together = np.repeat(rng.standard_normal((4000, 1)), 8, axis=1).astype(np.float32)
    apart = np.stack([rng.permutation(column) for column in together.T], axis=1)
    tracks = np.arange(4000)
    pairs = [pair_similarities(rows, tracks, 50_000, rng) for rows in (together, apart)]
    assert marginal_divergence(together, apart) == 0
    assert similarity_divergence(*pairs) > 0.05


def test_pairs_within_a_track_are_left_out(rng: np.random.Generator) -> None:
    rows = np.repeat(np.eye(2, dtype=np.float32), 50, axis=0)
    tracks = np.repeat([0, 1], 50)
    similarities = pair_similarities(rows, tracks, 1000, rng)
    assert 0 < len(similarities) < 1000
    assert not similarities.any()


# ------------------------------------------------------------ neighbourhoods


def test_manifold_worked_by_hand() -> None:
    # k = 1 on a line. Judges at 0, 1, 10: balls reach 1, 1, 9. Candidates at 0.5, 30: 29.5, 29.5.
    judge = np.array([[0], [1], [10]], dtype=np.float32)
    candidate = np.array([[0.5], [30]], dtype=np.float32)
    overlap = manifold(judge, candidate, k=1)
    assert overlap.precision == 1 / 2  # 30 is in no ball
    assert overlap.recall == 1  # all within 29.5 of 0.5
    assert overlap.density == 2 / 2  # 0.5 is in the balls of 0 and 1; 10's ends at 1
    assert overlap.coverage == 2 / 3


def test_equal_laws_have_density_and_coverage_near_1() -> None:
    overlap = manifold(normal(1500, 4, 0), normal(1500, 4, 1))
    assert overlap.density == pytest.approx(1, abs=0.05)
    assert overlap.coverage > 0.95


def test_nearest_distances_are_euclidean_and_ascending() -> None:
    points = np.array([[0, 0]], dtype=np.float32)
    among = np.array([[3, 4], [0, 1], [6, 8]], dtype=np.float32)
    np.testing.assert_allclose(nearest_distances(points, among, 2), [[1, 5]], rtol=1e-6)


@pytest.mark.parametrize("dim", [2, 5, 10])
def test_local_dimension_of_a_flat_patch_in_a_larger_space(dim: int) -> None:
    rng = np.random.default_rng(0)
    flat = np.zeros((20_000, 20), dtype=np.float32)
    flat[:, :dim] = rng.uniform(-1, 1, (20_000, dim))
    inner = flat[np.abs(flat).max(1) < 0.6][:300]
    assert local_dimension(nearest_distances(inner, flat, 51)[:, 1:]) == pytest.approx(dim, rel=0.1)


def test_copies_of_a_point_have_no_dimension() -> None:
    assert local_dimension(np.zeros((3, 4), dtype=np.float32)) == 0


# ------------------------------------------------------------ hit rates


@given(
    counts=st.lists(st.integers(0, 7), min_size=1, max_size=5),
    size=st.integers(0, 7),
)
def test_hit_chances_are_the_mean_over_all_subsets(counts: list[int], size: int) -> None:
    def counted(above: int) -> float:
        subsets = list(itertools.combinations(range(7), size))
        return sum(min(subset, default=7) >= above for subset in subsets) / len(subsets)

    chances = hit_chances(np.array(counts), 7, [size])
    np.testing.assert_allclose(chances[0], [counted(above) for above in counts], atol=1e-12)


def test_ties_count_as_beaten() -> None:
    query = np.array([[1, 0]], dtype=np.float32)
    distractors = np.array([[0.5, 0.1], [0.4, 0], [0.9, 0]], dtype=np.float32)
    counts = count_better(query, np.array([0.5], dtype=np.float32), distractors)
    assert counts.tolist() == [2]


def own_rows(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(n), np.arange(n) + 1


def test_the_reference_competes_too() -> None:
    queries = np.array([[1, 0], [0.6, 0.8]], dtype=np.float32)
    reference = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8]], dtype=np.float32)
    truth, best = best_among_reference(queries, reference, own_rows(2))
    np.testing.assert_allclose(truth, [1, 0.96], rtol=1e-5)
    assert best.tolist() == [True, False]


def test_any_row_near_enough_in_time_is_a_right_answer() -> None:
    queries = np.array([[1, 0], [0.6, 0.8], [0, 1]], dtype=np.float32)
    reference = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8]], dtype=np.float32)
    right = (np.array([0, 1, 3]), np.array([1, 3, 3]))
    truth, best = best_among_reference(queries, reference, right)
    np.testing.assert_allclose(truth, [1, 1, -np.inf], rtol=1e-5)
    assert best.tolist() == [True, True, False]


@pytest.mark.parametrize("dim", [3, 16, 128, 512])
@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e4])
def test_no_rounding_hides_a_tie(dim: int, scale: float) -> None:
    reference = np.float32(scale) * sphere(1_050, dim)
    queries = (reference + np.float32(0.05 * scale) * normal(1_050, dim, 1)).astype(np.float32)
    twice = np.concatenate([reference, reference])
    truth, best = best_among_reference(queries, twice, own_rows(1_050))
    assert not best.any()
    assert count_better(queries, truth, reference[::-1].copy()).min() == 1
    # Alone, each is found unless another row is really nearer, as happens in three dimensions.
    exact = queries.astype(np.float64) @ reference.astype(np.float64).T
    _, best = best_among_reference(queries, reference, own_rows(1_050))
    assert best.mean() == pytest.approx((exact.argmax(axis=1) == np.arange(1_050)).mean(), abs=0.01)


# ------------------------------------------------------------ the report


def test_halves_are_whole_tracks_and_about_equal(rng: np.random.Generator) -> None:
    tracks = np.repeat(np.arange(30), rng.integers(5, 50, 30))
    first, second = halve_tracks(tracks, rng)
    assert not set(tracks[first]) & set(tracks[second])
    assert len(first) + len(second) == len(tracks)
    assert abs(len(first) - len(second)) <= 50


def test_sizes_grow_by_1_2_5_and_end_at_the_largest() -> None:
    assert sizes_up_to(1500) == [100, 200, 500, 1000, 1500]
    assert sizes_up_to(50) == [50]


def in_tracks(tracks: int, rows: int, seed: int) -> tuple[Vectors, np.ndarray]:
    """Tracks as tight clusters: near rows of one track, far tracks."""
    centres = np.repeat(sphere(tracks, 16, seed), rows, axis=0)
    vectors = centres + np.float32(0.05) * normal(tracks * rows, 16, seed + 1)
    return vectors.astype(np.float32), np.repeat(np.arange(tracks), rows)


def test_a_generator_that_copies_shows() -> None:
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


def test_copying_is_judged_by_no_more_rows_than_asked_for() -> None:
    training, _ = in_tracks(20, 20, 1)
    real, tracks = in_tracks(40, 20, 5)
    report = measure_fidelity(
        real, tracks, {"copies": training}, seed=0, splits=1, most_rows=30, training=training
    )
    for copying in report.copying.values():
        assert copying.nearer_training * 30 == pytest.approx(round(copying.nearer_training * 30))
    # Most copies have their original among 400 rows, but not among 30 of them.
    assert report.copying["copies"].distance_training > 0.05


def test_the_floor_is_measured_like_the_others_and_hit_rates_are_paired() -> None:
    real, tracks = in_tracks(30, 20, 1)
    reference, _ = in_tracks(10, 10, 7)
    queries = reference + np.float32(0.2) * normal(100, 16, 8)
    report = measure_fidelity(
        real, tracks, {"same": real}, seed=0, queries=queries, reference=reference, splits=2
    )
    assert set(report.statistics) == {"real", "same"}
    assert report.rows == 300
    assert report.hit_rates is not None
    assert report.hit_rates.gap["same"] == (0.0, 0.0, 0.0, 0.0)
    assert report.hit_rates.sizes == (100, 200, 500, 600)
    assert report.hit_rates.floor[-1] is None


def test_equal_seeds_give_equal_reports() -> None:
    real, tracks = in_tracks(10, 20, 1)
    first, second = (
        measure_fidelity(real, tracks, {"x": sphere(200, 16)}, seed=3) for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(
    ("real", "drawn", "complaint"),
    [
        pytest.param((3, 20), 100, "3 real tracks, 4 needed", id="tracks"),
        pytest.param((4, 4), 100, "16 real rows give a half of 8, 10 needed", id="real rows"),
        pytest.param((4, 20), 9, "9 rows of x, 10 needed", id="drawn rows"),
    ],
)
def test_too_little_to_measure_is_refused(
    real: tuple[int, int], drawn: int, complaint: str
) -> None:
    vectors, tracks = in_tracks(*real, seed=1)
    with pytest.raises(TooFewError, match=complaint):
        measure_fidelity(vectors, tracks, {"x": sphere(drawn, 16)}, seed=0)


def test_a_half_with_only_one_track_is_refused() -> None:
    tracks = np.concatenate([np.zeros(2_000, dtype=np.int64), np.arange(1, 4), np.repeat(4, 1_990)])
    with pytest.raises(TooFewError, match=r"^2000 rows of a real half are all of one track"):
        judge_splits(tracks, seed=0)


def test_a_half_with_almost_only_one_track_is_refused() -> None:
    vectors, tracks = in_tracks(1, 2_000, 1)
    long = np.concatenate([tracks, np.arange(1, 41), np.repeat(41, 1_990)])
    vectors = np.concatenate([vectors, in_tracks(1, 2_030, 5)[0]])
    with pytest.raises(TooFewError, match=r"^10 rows of a real half are all of one track"):
        measure_fidelity(vectors, long, {}, seed=0, most_rows=10)


def test_the_least_that_can_be_measured_is_measured() -> None:
    vectors, tracks = in_tracks(4, 5, 1)
    report = measure_fidelity(vectors, tracks, {"x": sphere(10, 16)}, seed=0)
    assert report.rows == 10


@pytest.mark.parametrize("missing", ["training", "queries"])
def test_nothing_to_compare_with_is_refused(missing: str) -> None:
    vectors, tracks = in_tracks(4, 20, 1)
    given = {missing: vectors[:0], "reference": vectors}
    with pytest.raises(TooFewError, match="no "):
        measure_fidelity(vectors, tracks, {"x": sphere(20, 16)}, seed=0, **given)


def test_what_json_cannot_hold_is_none_in_a_report() -> None:
    real, tracks = in_tracks(10, 20, 1)
    report = measure_fidelity(real, tracks, {"x": sphere(200, 16)}, seed=3)
    endless = dataclasses.replace(report.statistics["x"], local_dimension=(math.inf, 1.0))
    report = dataclasses.replace(report, statistics={"x": endless}, spread={})
    block = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert block["statistics"]["x"]["local_dimension"] == [None, 1.0]
