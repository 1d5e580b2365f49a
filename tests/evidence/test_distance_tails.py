"""Tails of distances, on draws whose probabilities are known."""

import numpy as np
import pytest

from fpbench.evidence.distance_tails import ROWS, DistanceTails, log_ratios

SIZE = 1_000_000


def exponential_scores(
    rng: np.random.Generator, queries: int, count: int, mean: float
) -> np.ndarray:
    """Best scores of a database in which r(threshold)/r has an exponential logarithm."""
    places = np.cumsum(rng.exponential(size=(queries, count)), axis=1) / 100
    distance = 0.9 * np.exp(mean * np.log(places))
    return (1 - distance**2 / 2).astype(np.float32)


def test_the_threshold_is_the_score_of_the_next_row(rng: np.random.Generator) -> None:
    scores = rng.uniform(0, 0.9, (3, 50)).astype(np.float32)
    tails = DistanceTails.of_scores(scores, np.full(3, -np.inf, dtype=np.float32), SIZE)
    np.testing.assert_array_equal(tails.threshold, np.sort(scores, axis=1)[:, -ROWS - 1])
    np.testing.assert_array_equal(tails.above, ROWS)


def test_only_rows_above_what_is_complete_are_in_the_tail(rng: np.random.Generator) -> None:
    scores = np.tile(np.linspace(0.1, 0.5, 40, dtype=np.float32), (2, 1))
    tails = DistanceTails.of_scores(scores, np.array([0.45, -np.inf], dtype=np.float32), SIZE)
    np.testing.assert_array_equal(tails.above, [(scores[0] > 0.45).sum(), ROWS])
    assert tails.threshold[0] == np.float32(0.45)


def test_equal_rows_at_the_threshold_are_not_above_it() -> None:
    scores = np.array([[0.5] * 25, [0.7] * 5 + [0.5] * 20], dtype=np.float32)
    tails = DistanceTails.of_scores(scores, np.full(2, -np.inf, dtype=np.float32), SIZE)
    np.testing.assert_array_equal(tails.above, [0, 5])
    # Nothing is known above the first threshold, so that its probability stands for all.
    y = np.array([1.0, 0.0])
    np.testing.assert_allclose(tails.exponential(y), [1 / SIZE, 5 / SIZE])
    np.testing.assert_allclose(tails.pareto(y, -0.1), [1 / SIZE, 5 / SIZE])


def test_fewer_rows_than_places_give_a_threshold_all_the_same() -> None:
    scores = np.full((1, 20), -np.inf, dtype=np.float32)
    scores[0, :4] = 0.9, 0.8, 0.7, 0.6
    tails = DistanceTails.of_scores(scores, np.full(1, -np.inf, dtype=np.float32), SIZE)
    assert tails.threshold[0] == np.float32(0.6)
    assert tails.above[0] == 3


def test_the_exponential_estimate_is_unbiased(rng: np.random.Generator) -> None:
    tails = DistanceTails.of_scores(
        exponential_scores(rng, 40_000, ROWS + 1, 1 / 15), np.zeros(40_000, np.float32), SIZE
    )
    rare = 0.9 * np.exp(np.log(0.5 / 100) / 15)  # half a row of the database is as close
    score = np.full(40_000, 1 - rare**2 / 2, dtype=np.float32)
    p = tails.exponential(log_ratios(tails.threshold, score))
    assert p.mean() == pytest.approx(0.5 / SIZE, rel=0.03)


@pytest.mark.parametrize("shape", [-0.05, 0.0, 0.1])
def test_the_common_shape_is_found_although_every_query_has_its_scale(
    shape: float, rng: np.random.Generator
) -> None:
    queries = 4_000
    u = rng.uniform(size=(queries, ROWS))
    excess = -np.log(u) if shape == 0 else (u**-shape - 1) / shape
    excess *= rng.uniform(0.02, 0.2, (queries, 1))
    above = np.full(queries, ROWS)
    tails = DistanceTails(np.zeros(queries, np.float32), above, excess, SIZE)
    found = tails.shape()
    assert found.value == pytest.approx(shape, abs=0.03)
    assert found.influence.sum() == pytest.approx(0, abs=1e-8)
    # Leaving a query out changes the shape by about its influence.
    rest = DistanceTails(tails.threshold[1:], above[1:], excess[1:], SIZE).shape()
    assert found.value - rest.value == pytest.approx(found.influence[0], rel=0.03)


def test_a_pareto_tail_with_the_shape_0_is_exponential() -> None:
    excess = np.full((1, ROWS), 0.1)
    tails = DistanceTails(np.zeros(1, np.float32), np.array([ROWS]), excess, SIZE)
    y = np.array([0.3])
    expected = ROWS / SIZE * np.exp(-3)
    np.testing.assert_allclose(tails.pareto(y, 0.0), expected)
    np.testing.assert_allclose(tails.pareto(y, 1e-5), expected, rtol=1e-3)
    np.testing.assert_array_equal(tails.pareto(np.array([10.0]), -0.5), 0)


def test_what_is_not_above_the_threshold_has_its_probability() -> None:
    tails = DistanceTails(np.zeros(1, np.float32), np.array([9]), np.full((1, 9), 0.1), SIZE)
    y = log_ratios(tails.threshold, np.array([-np.inf], dtype=np.float32))
    np.testing.assert_allclose(tails.exponential(y), 9 / SIZE)
    np.testing.assert_allclose(tails.pareto(y, -0.1), 9 / SIZE)
