"""Each statistic agrees with its definition."""

import itertools
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
from fpbench.plugin.fingerprinters import Vectors


def normal(n: int, dim: int, seed: int = 0) -> Vectors:
    return np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)


def sphere(n: int, dim: int, seed: int = 0) -> Vectors:
    rows = normal(n, dim, seed)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


# ------------------------------------------------------------ Frechet distance


def test_frechet_distance_of_equal_sets_is_0() -> None:
    rows = normal(500, 8)
    assert frechet_distance(rows, rows) == pytest.approx(0, abs=1e-9)


@given(shift=st.floats(-3, 3), scale=st.floats(0.2, 3))
@settings(max_examples=25)
def test_frechet_distance_of_a_shifted_and_scaled_set(shift: float, scale: float) -> None:
    # Means differ by `shift` in 4 dims; standard deviations s by the factor: sum of ((a-1) s)^2.
    rows = normal(400, 4)
    changed = ((rows - rows.mean(0)) * np.float32(scale) + np.float32(shift)).astype(np.float32)
    centred = rows - rows.mean(0)
    expected = 4 * shift**2 + (scale - 1) ** 2 * float(np.trace(np.cov(centred, rowvar=False)))
    assert frechet_distance(centred, changed) == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_frechet_distance_of_a_rotation() -> None:
    # Standard deviations (2, 1) against (1, 2): (2-1)^2 + (1-2)^2, for sets with exact moments.
    corners = np.array([[2, 1], [2, -1], [-2, 1], [-2, -1]], dtype=np.float32)
    unbiased = 4 / 3
    assert frechet_distance(corners, corners[:, ::-1].copy()) == pytest.approx(2 * unbiased)


def test_frechet_distance_of_sets_of_deficient_rank() -> None:
    rows = np.hstack([normal(50, 2), np.zeros((50, 3), dtype=np.float32)])
    assert frechet_distance(rows, rows) == pytest.approx(0, abs=1e-6)


# ------------------------------------------------------------ Jensen-Shannon


def test_divergence_is_0_for_equal_and_1_bit_for_disjoint_histograms() -> None:
    assert jensen_shannon(np.array([1.0, 3.0]), np.array([2.0, 6.0])) == 0
    assert jensen_shannon(np.array([5.0, 0.0]), np.array([0.0, 2.0])) == 1


def test_divergence_of_an_example_computed_by_hand() -> None:
    # P = (1, 0), Q = (1/2, 1/2), M = (3/4, 1/4): [log2(4/3) + (log2(2/3) + log2 2) / 2] / 2.
    expected = (math.log2(4 / 3) + (math.log2(2 / 3) + 1) / 2) / 2
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([1.0, 1.0])) == pytest.approx(expected)


@pytest.mark.parametrize("lowest", [0.0, 0.5, 1e-30])
def test_marginals_may_differ_in_the_last_bits_only(lowest: float) -> None:
    low = np.full((100, 1), lowest, dtype=np.float32)
    high = np.nextafter(low, np.float32(1))
    assert marginal_divergence(low, low) == 0
    assert marginal_divergence(low, high) == 1
    assert similarity_divergence(low[:, 0], high[:, 0]) == 1
    half = np.concatenate([low[:50], high[:50]])
    assert marginal_divergence(half, half[::-1]) == 0


def test_similarities_show_dependence_that_marginals_do_not() -> None:
    rng = np.random.default_rng(0)
    dependent = np.repeat(rng.standard_normal((4000, 1)), 8, axis=1).astype(np.float32)
    independent = np.stack([rng.permutation(column) for column in dependent.T], axis=1)
    tracks = np.arange(4000)
    pairs = [pair_similarities(rows, tracks, 50_000, rng) for rows in (dependent, independent)]
    assert marginal_divergence(dependent, independent) == 0
    assert similarity_divergence(*pairs) > 0.05


def test_pairs_within_a_track_are_left_out(rng: np.random.Generator) -> None:
    rows = np.repeat(np.eye(2, dtype=np.float32), 50, axis=0)
    tracks = np.repeat([0, 1], 50)
    similarities = pair_similarities(rows, tracks, 1000, rng)
    assert 0 < len(similarities) < 1000
    assert not similarities.any()


# ------------------------------------------------------------ neighbourhoods


def test_manifold_of_an_example_computed_by_hand() -> None:
    # k = 1 on a line. Judges at 0, 1, 10: radii 1, 1, 9. Draws at 0.5, 30: radii 29.5, 29.5.
    judges = np.array([[0], [1], [10]], dtype=np.float32)
    draws = np.array([[0.5], [30]], dtype=np.float32)
    overlap = manifold(judges, draws, k=1)
    assert overlap.precision == 1 / 2  # 30 is in no ball
    assert overlap.recall == 1  # all within 29.5 of 0.5
    assert overlap.density == 2 / 2  # 0.5 is in the balls of 0 and 1; the ball of 10 ends at 1
    assert overlap.coverage == 2 / 3


def test_equal_distributions_have_density_and_coverage_near_1() -> None:
    overlap = manifold(normal(1500, 4, 0), normal(1500, 4, 1))
    assert overlap.density == pytest.approx(1, abs=0.05)
    assert overlap.coverage > 0.95


def test_nearest_distances_are_euclidean_and_ascending() -> None:
    points = np.array([[0, 0]], dtype=np.float32)
    others = np.array([[3, 4], [0, 1], [6, 8]], dtype=np.float32)
    np.testing.assert_allclose(nearest_distances(points, others, 2), [[1, 5]], rtol=1e-6)


def test_copies_are_equally_far_and_a_point_is_at_0_from_itself() -> None:
    points = sphere(37, 128)
    copies = np.repeat(points[:1], 203, axis=0)
    distances = nearest_distances(points, copies, 203)
    np.testing.assert_array_equal(distances, np.repeat(distances[:, :1], 203, axis=1))
    np.testing.assert_array_equal(nearest_distances(points, points, 1), 0)


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
    def count(above: int) -> float:
        subsets = list(itertools.combinations(range(7), size))
        return sum(min(subset, default=7) >= above for subset in subsets) / len(subsets)

    chances = hit_chances(np.array(counts), 7, [size], np.zeros(len(counts), dtype=np.int64))
    np.testing.assert_allclose(chances[0], [count(above) for above in counts], atol=1e-12)


def test_a_hit_may_have_better_rows_before_it() -> None:
    def count(above: int, allowed: int) -> float:
        subsets = list(itertools.combinations(range(7), 4))
        return sum(sum(row < above for row in s) <= allowed for s in subsets) / len(subsets)

    counts, allowed = np.array([0, 2, 3, 5, 7, 3]), np.array([0, 1, 2, 1, 2, -1])
    chances = hit_chances(counts, 7, [4], allowed)
    expected = [count(m, k) for m, k in zip(counts, allowed, strict=True)]
    np.testing.assert_allclose(chances[0], expected, atol=1e-12)
    assert chances[0, -1] == 0


def test_ties_count_as_better() -> None:
    query = np.array([[1, 0]], dtype=np.float32)
    distractors = np.array([[0.5, 0.1], [0.4, 0], [0.9, 0]], dtype=np.float32)
    cluster = np.array([1, 0, 1])
    counts = count_better(query, np.array([0.5], dtype=np.float32), distractors, cluster)
    assert counts.tolist() == [[0], [2]]


def own_rows(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(n), np.arange(n) + 1


def test_another_row_of_the_reference_may_score_higher() -> None:
    queries = np.array([[1, 0], [0.6, 0.8]], dtype=np.float32)
    reference = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8]], dtype=np.float32)
    truth, better = best_among_reference(queries, reference, own_rows(2))
    np.testing.assert_allclose(truth, [1, 0.96], rtol=1e-5)
    assert better.tolist() == [0, 1]


def test_a_query_may_match_several_rows() -> None:
    queries = np.array([[1, 0], [0.6, 0.8], [0, 1]], dtype=np.float32)
    reference = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8]], dtype=np.float32)
    matches = (np.array([0, 1, 3]), np.array([1, 3, 3]))
    truth, better = best_among_reference(queries, reference, matches)
    np.testing.assert_allclose(truth, [1, 1, -np.inf], rtol=1e-5)
    assert better[:2].tolist() == [0, 0]
    assert better[2] > len(reference)


@pytest.mark.parametrize("dim", [3, 16, 128, 512])
@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e4])
def test_rounding_does_not_hide_a_tie(dim: int, scale: float) -> None:
    reference = np.float32(scale) * sphere(1_050, dim)
    queries = (reference + np.float32(0.05 * scale) * normal(1_050, dim, 1)).astype(np.float32)
    twice = np.concatenate([reference, reference])
    truth, better = best_among_reference(queries, twice, own_rows(1_050))
    assert better.all()
    one = np.zeros(1_050, dtype=np.int64)
    assert count_better(queries, truth, reference[::-1].copy(), one).min() == 1
    # Without copies, a query is a hit unless another row is nearer, as happens in 3 dimensions.
    exact = queries.astype(np.float64) @ reference.astype(np.float64).T
    _, better = best_among_reference(queries, reference, own_rows(1_050))
    assert (better == 0).mean() == pytest.approx(
        (exact.argmax(axis=1) == np.arange(1_050)).mean(), abs=0.01
    )
