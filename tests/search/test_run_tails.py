"""Simulated tails of runs of tracks, where the probabilities are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from walks import DIM, LENGTH, ROWS, Walks

from fpbench import CorrelatedNoiseGenerator
from fpbench.cache import Store
from fpbench.evidence.tails import Tail, simulated_hits
from fpbench.search.run_noise import RunNoise
from fpbench.search.run_tails import RunTailInputs, simulate_run_tails
from fpbench.search.splitting import SplittingSettings
from fpbench.search.track_distractors import draw_runs

SETTINGS = SplittingSettings(particles=60, least_probability=1e-13)
OF_MANY_RUNS = np.array([15, 6, LENGTH]), (0.97, 0.9, 0.3)  # lengths of tracks, correlations


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


def test_thresholds_for_all_queries_are_simulated_besides_their_matches(tmp_path: Path) -> None:
    scores = np.array([1.2, 2.8, 4.0])
    inputs = make_inputs(np.full(60, 2.8), Walks())
    both = replace(inputs, thresholds=scores)
    alone, found = (simulate(one, Store(tmp_path)) for one in (inputs, both))
    # The matches are not simulated in another way because of them.
    np.testing.assert_array_equal(alone.log_p, found.log_p)
    np.testing.assert_array_equal(alone.cluster_sizes, found.cluster_sizes)
    assert alone.thresholds is None
    assert found.threshold_log_p is not None
    p = [[known_probabilities(query, score)[0] for score in scores] for query in inputs.queries]
    ratios = np.exp(found.threshold_log_p.astype(np.float64)).mean(axis=2) / p
    error = ratios.std(axis=0) / np.sqrt(len(ratios))
    assert (np.abs(ratios.mean(axis=0) - 1) < 3.5 * error).all()
    assert (error < 0.25).all()


def test_as_many_queries_are_accepted_as_in_searched_databases(tmp_path: Path) -> None:
    thresholds, runs, databases = np.array([2.4, 2.8, 3.2]), 2_000, 30
    walks = Walks(*OF_MANY_RUNS)
    inputs = replace(make_inputs(np.full(50, 2.8), walks), thresholds=thresholds)
    log_p = simulate(inputs, Store(tmp_path)).threshold_log_p
    assert log_p is not None
    expected = 1 - np.exp(-runs * np.exp(log_p.astype(np.float64)).mean(axis=2)).mean(axis=0)
    accepted = []
    for number in range(databases):
        drawn = draw_runs(walks, "walks", runs, LENGTH, np.random.default_rng(number))[:]
        best = (inputs.queries @ drawn.T).max(axis=1)
        accepted.append((best[:, None] >= thresholds).mean(axis=0))
    error = np.std(accepted, axis=0) / np.sqrt(databases)
    assert (np.abs(np.mean(accepted, axis=0) - expected) < 4 * error + 0.01).all()
    assert (expected > 0.02).all()


def test_hits_at_every_rank_are_as_many_as_in_searched_databases(tmp_path: Path) -> None:
    runs, databases = 2_000, 150
    inputs = make_inputs(np.tile([1.8, 2.1, 2.4, 2.7], 10), walks := Walks(*OF_MANY_RUNS))
    tail = simulate(inputs, Store(tmp_path))
    above = []
    for number in range(databases):
        drawn = draw_runs(walks, "walks", runs, LENGTH, np.random.default_rng(number))[:]
        above.append((inputs.queries @ drawn.T >= inputs.match_scores[:, :1]).sum(axis=1))
    rank = np.zeros(len(inputs.queries), dtype=np.int64)
    for k in (1, 3, 10):
        found = tail.hits(None, rank, runs, k)
        searched = (np.array(above) < k).mean(axis=1)
        error = np.hypot(searched.std() / np.sqrt(databases), found.error)
        assert found.hits.mean() == pytest.approx(searched.mean(), abs=3.5 * error)
        assert error < 0.015
    # Those of independent runs would be others: runs of a track come together.
    apart = simulated_hits(tail.estimates(None), rank, runs, 10).hits.mean()
    assert apart > searched.mean() + 10 * error


def test_queries_that_match_nothing_have_thresholds_alone(tmp_path: Path) -> None:
    inputs = make_inputs(np.full(200, 0.0), Walks())
    none = np.zeros((200, 0), dtype=np.float32)
    absent = replace(
        inputs, match_scores=none, tolerances_s=(), thresholds=np.array([2.8]), key="absent"
    )
    found = simulate(absent, Store(tmp_path))
    assert found.log_p.shape == (200, 0, 2)
    assert found.threshold_log_p is not None
    p = [known_probabilities(query, 2.8)[0] for query in inputs.queries]
    ratios = np.exp(found.threshold_log_p.astype(np.float64)).mean(axis=2)[:, 0] / p
    # All start from the same runs, which of four numbers each are few: their errors are alike.
    assert ratios.mean() == pytest.approx(1, abs=0.15)


def test_a_finished_simulation_is_read_from_the_cache(tmp_path: Path) -> None:
    inputs = make_inputs(np.full(3, 2.0), generator := Walks())
    assert not inputs.are_simulated(Store(tmp_path))
    first = simulate(inputs, Store(tmp_path))
    assert inputs.are_simulated(Store(tmp_path))
    before = generator.decoded
    again = simulate(inputs, Store(tmp_path))
    assert generator.decoded == before
    np.testing.assert_array_equal(first.log_p, again.log_p)


def test_other_tolerances_of_one_search_do_not_share_what_is_kept(tmp_path: Path) -> None:
    first = make_inputs(np.full(3, 1.2), Walks())
    other = replace(first, match_scores=first.match_scores - 0.5, tolerances_s=(0.5, None))
    simulate(first, Store(tmp_path / "shared"))
    found = simulate(other, Store(tmp_path / "shared"))
    alone = simulate(other, Store(tmp_path / "alone"))
    np.testing.assert_array_equal(found.log_p, alone.log_p)
    np.testing.assert_array_equal(found.cluster_sizes, alone.cluster_sizes)


def test_a_query_without_a_match_is_not_simulated(tmp_path: Path) -> None:
    inputs = make_inputs(np.full(2, -np.inf), Walks())
    tail, effort = simulate_run_tails(inputs, Store(tmp_path), lambda share, phrase: None)
    assert effort.levels == 0
    assert (tail.log_p > np.log(0.5)).all()
