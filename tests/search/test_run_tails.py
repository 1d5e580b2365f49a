"""Simulated tails of runs of tracks, where the probabilities are known."""

from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from scipy import stats

from fpbench import CorrelatedNoiseGenerator, Noise, Vectors
from fpbench.cache import Store
from fpbench.evidence.tails import Tail
from fpbench.search.run_noise import RunNoise
from fpbench.search.run_tails import RunTailInputs, simulate_run_tails
from fpbench.search.splitting import SplittingSettings

DIM, LENGTH = 4, 2
SETTINGS = SplittingSettings(particles=60, least_probability=1e-13)
CORRELATIONS = (0.8, 0.3)  # of neighbouring rows, in tracks of each kind
ROWS = np.array([LENGTH + 1, LENGTH])  # tracks of two runs, and of one


class Walks(CorrelatedNoiseGenerator):
    """Fingerprints are their noise, so that scores of runs are normal."""

    dim = noise_dim = DIM
    parameters = MappingProxyType({})
    track_lengths = ROWS

    def __init__(self) -> None:
        self.decoded = 0

    def track_factor(self, kind: int, /) -> np.ndarray:
        apart = np.abs(np.subtract.outer(np.arange(ROWS[kind]), np.arange(ROWS[kind])))
        return np.linalg.cholesky(CORRELATIONS[kind] ** apart).astype(np.float32)

    def decode(self, noise: Noise, /) -> Vectors:
        self.decoded += len(noise)
        return noise

    def save(self, path: Path, /) -> None:
        raise NotImplementedError


def known_probabilities(query: np.ndarray, score: float) -> tuple[float, float]:
    """Tracks with a run of such a score by the number of runs, and which of them have two."""
    of_rows = query.reshape(LENGTH, DIM) / np.sqrt(LENGTH)
    weights = np.zeros((LENGTH, LENGTH + 1, DIM))  # of the rows of the longer track, in each run
    for run in range(LENGTH):
        weights[run, run : run + LENGTH] = of_rows
    factor = Walks().track_factor(0).astype(np.float64)
    covariance = np.einsum("ard,rs,bsd->ab", weights, factor @ factor.T, weights)
    short = Walks().track_factor(1).astype(np.float64)
    variance = np.einsum("rd,rs,sd->", of_rows, short @ short.T, of_rows)
    either = 2 * stats.norm.sf(score / np.sqrt(covariance[0, 0]))
    both = stats.multivariate_normal(cov=covariance).cdf([-score, -score])
    one = stats.norm.sf(score / np.sqrt(variance))
    tracks = (either - both + one) / 2
    return tracks / (np.sum(ROWS - LENGTH + 1) / 2), both / (either - both + one)


def make_inputs(scores: np.ndarray, generator: CorrelatedNoiseGenerator) -> RunTailInputs:
    rng = np.random.default_rng(1)
    queries = rng.standard_normal((len(scores), LENGTH * DIM)).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    return RunTailInputs(
        noise=RunNoise(generator, "walks", LENGTH),
        queries=queries,
        length=LENGTH,
        match_scores=np.stack([scores, scores], axis=1).astype(np.float32),
        tolerances_s=(0.25, None),
        key="search",
        seed=3,
        settings=SETTINGS,
    )


def simulate(inputs: RunTailInputs, store: Store) -> Tail:
    tail, _ = simulate_run_tails(inputs, store, lambda share, phrase: None)
    return tail


def test_tracks_and_their_runs_are_right_from_the_counted_to_the_rarest(tmp_path: Path) -> None:
    scores = np.repeat([1.2, 2.8, 4.0], 40)
    inputs = make_inputs(scores, Walks())
    tail = simulate(inputs, Store(tmp_path))
    p, both = np.transpose(
        [known_probabilities(*pair) for pair in zip(inputs.queries, scores, strict=True)]
    )
    assert p.min() < 1e-6
    assert tail.cluster_sizes is not None
    ratio = np.exp(tail.estimates(None).log_p) / p
    pairs = tail.cluster_sizes[:, 1, 1] - both
    for score in np.unique(scores):
        for found, expected in ((ratio[scores == score], 1), (pairs[scores == score], 0)):
            error = found.std() / np.sqrt(len(found))
            assert found.mean() == pytest.approx(expected, abs=3.5 * error)
    np.testing.assert_allclose(tail.cluster_sizes.sum(axis=2), 1)


def test_runs_have_the_distribution_of_drawn_tracks() -> None:
    generator = Walks()
    noise = RunNoise(generator, "walks", LENGTH)
    rng = np.random.default_rng(0)
    runs = noise.decode(rng.standard_normal((40_000, noise.noise_dim), dtype=np.float32))
    covariance = np.cov(runs, rowvar=False) * LENGTH
    np.testing.assert_allclose(np.diag(covariance), 1, atol=0.03)
    # Of three runs, two are of the first kind.
    mean = (2 * CORRELATIONS[0] + CORRELATIONS[1]) / 3
    np.testing.assert_allclose(np.diag(covariance, DIM), mean, atol=0.03)


def test_a_drawn_track_contains_its_run_and_is_as_alike_as_others() -> None:
    generator = Walks()
    noise = RunNoise(generator, "walks", LENGTH)
    of_runs = np.random.default_rng(0).standard_normal((5_000, noise.noise_dim), np.float32)
    places = noise.find_places(of_runs)
    tracks, lengths = noise.draw_tracks(of_runs, np.random.default_rng(1))
    first = np.cumsum(lengths) - lengths
    rows = tracks[(first + places.row)[:, None] + np.arange(LENGTH)]
    runs = rows.reshape(len(rows), -1) / np.float32(np.sqrt(LENGTH))
    np.testing.assert_allclose(runs, noise.decode(of_runs), atol=1e-6)
    longer = first[lengths == LENGTH + 1]
    covariance = np.cov(np.stack([tracks[longer + row, 0] for row in range(LENGTH + 1)]))
    factor = generator.track_factor(0)
    np.testing.assert_allclose(covariance, factor @ factor.T, atol=0.07)


def test_a_finished_simulation_is_read_from_the_cache(tmp_path: Path) -> None:
    inputs = make_inputs(np.full(3, 2.0), generator := Walks())
    assert not inputs.are_simulated(Store(tmp_path))
    first = simulate(inputs, Store(tmp_path))
    assert inputs.are_simulated(Store(tmp_path))
    before = generator.decoded
    again = simulate(inputs, Store(tmp_path))
    assert generator.decoded == before
    np.testing.assert_array_equal(first.log_p, again.log_p)


def test_a_query_without_a_match_is_not_simulated(tmp_path: Path) -> None:
    inputs = make_inputs(np.full(2, -np.inf), Walks())
    tail, effort = simulate_run_tails(inputs, Store(tmp_path), lambda share, phrase: None)
    assert effort.levels == 0
    assert (tail.log_p > np.log(0.5)).all()
