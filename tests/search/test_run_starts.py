"""Independent runs are counted, and can be drawn again."""

import numpy as np
import pytest
from walks import DIM, LENGTH, Walks

from fpbench.cache import Store
from fpbench.search.run_noise import RunNoise
from fpbench.search.run_starts import START_RUNS, RunStart, RunStarts

QUERIES = np.eye(3, LENGTH * DIM, dtype=np.float32)


@pytest.fixture(scope="module")
def starts() -> RunStarts:
    return RunStarts(
        noise=RunNoise(Walks(), "walks", LENGTH),
        queries=QUERIES,
        thresholds=np.full((3, 1), 1.0, dtype=np.float32),
        replicates=2,
        particles=30,
        examples=5,
        key="search",
        seed=4,
    )


@pytest.fixture(scope="module")
def start(starts: RunStarts, tmp_path_factory: pytest.TempPathFactory) -> RunStart:
    return starts.draw(Store(tmp_path_factory.mktemp("cache")))


def scores(starts: RunStarts, rows: np.ndarray) -> np.ndarray:
    """Scores of some runs of each query with it."""
    runs = starts.noise.decode(starts.noise_of(rows.reshape(-1)))
    own = np.repeat(np.arange(len(rows)), rows.size // len(rows))
    return np.einsum("nd,nd->n", QUERIES[own], runs).reshape(rows.shape)


def test_the_best_runs_are_known_with_their_noise(starts: RunStarts, start: RunStart) -> None:
    np.testing.assert_allclose(scores(starts, start.rows), start.scores, atol=1e-6)
    assert start.rows.shape == (3, 61)
    # A run's score is normal with the variance 1/2.
    assert start.scores.min(axis=1) == pytest.approx(3.24 / np.sqrt(2), abs=0.1)


def test_shares_are_those_of_a_normal_score(start: RunStart) -> None:
    expected = 0.0786  # above the square root of 2 standard deviations
    np.testing.assert_allclose(np.exp(start.log_p), expected, rtol=0.06)


def test_examples_reach_the_threshold_in_their_replicate(
    starts: RunStarts, start: RunStart
) -> None:
    assert (start.examples >= 0).all()
    assert (start.examples < START_RUNS).all()
    np.testing.assert_array_equal(start.examples % 2, [[[[0] * 5, [1] * 5]]] * 3)
    assert (scores(starts, start.examples) > 1 - 1e-6).all()


def test_a_part_is_of_some_queries(start: RunStart) -> None:
    np.testing.assert_array_equal(start.part(slice(1, 2)).scores, start.scores[1:2])
