"""Simulated tails of whole searches, where the probabilities are known."""

import dataclasses
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from scipy import stats

from fpbench import Candidates, FpbenchError, Noise, NoiseGenerator, Vectors
from fpbench.cache import Store
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.tails import Tail
from fpbench.search.distractors import SyntheticDistractors
from fpbench.search.splitting import SplittingSettings
from fpbench.search.tails import BATCH, TailInputs, simulate_tails

DIM, ROWS, BLOCK, KEPT = 24, 20_000, 2_000, 20
SETTINGS = SplittingSettings(replicates=4, particles=20, least_probability=1e-14)


class Directions(NoiseGenerator):
    """Uniform on the sphere."""

    dim = noise_dim = DIM
    parameters = MappingProxyType({})

    def __init__(self) -> None:
        self.decoded = 0

    def decode(self, noise: Noise, /) -> Vectors:
        self.decoded += len(noise)
        return noise / np.linalg.norm(noise, axis=1, keepdims=True)

    def save(self, path: Path, /) -> None:
        raise NotImplementedError


def make_inputs(match_scores: np.ndarray, generator: NoiseGenerator) -> TailInputs:
    """Queries whose match has these scores, and an exact search among drawn directions."""
    rng = np.random.default_rng(0)
    queries = rng.standard_normal((len(match_scores), DIM)).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    source = SyntheticDistractors(generator, "directions", seed=3)
    products = queries @ np.concatenate(list(source.rows(0, ROWS))).T
    blocks = []
    for start in range(0, ROWS, BLOCK):
        part = products[:, start : start + BLOCK]
        ids = np.argsort(-part, axis=1)[:, :KEPT]
        best = np.take_along_axis(part, ids, axis=1)
        blocks.append(Candidates(ids, -best, best))
    reference = np.full((len(queries), KEPT + 1), -1.0, dtype=np.float32)
    reference[:, 0] = match_scores
    distance_s = np.full(reference.shape, np.inf)
    distance_s[:, 0] = 0.1
    evidence = Evidence(
        query_track=np.arange(len(queries)),
        reference=Candidates(
            np.tile(np.arange(KEPT + 1), (len(queries), 1)), -reference, reference
        ),
        distance_s=distance_s,
        match_score=match_scores,
        edges=np.arange(0, ROWS + 1, BLOCK),
        blocks=blocks,
    )
    return TailInputs(
        generator=generator,
        name="directions",
        source=source,
        queries=queries,
        evidence=evidence,
        tolerances_s=(0.25, None),
        key="search",
        seed=3,
        settings=SETTINGS,
    )


def scores_of(p: np.ndarray) -> np.ndarray:
    half = (DIM - 1) / 2
    return (2 * stats.beta.isf(p, half, half) - 1).astype(np.float32)


def simulate(inputs: TailInputs, store: Store) -> Tail:
    tail, _ = simulate_tails(inputs, store, lambda share, phrase: None)
    return tail


def test_probabilities_are_right_from_the_counted_to_the_rarest(tmp_path: Path) -> None:
    p = np.repeat([3e-3, 1e-3, 1e-5, 1e-8], 60)
    inputs = make_inputs(scores_of(p), Directions())
    found = simulate(inputs, Store(tmp_path))
    ratio = np.exp(found.estimates(0.25).log_p) / p
    for each in np.unique(p):
        group = ratio[p == each]
        assert group.mean() == pytest.approx(1, abs=3.5 * group.std() / np.sqrt(len(group)))
    np.testing.assert_array_equal(found.estimates(None).log_p, found.estimates(0.25).log_p)


def test_thresholds_for_all_queries_are_simulated_besides_their_matches(tmp_path: Path) -> None:
    p = np.array([3e-3, 1e-5, 1e-8])
    inputs = make_inputs(scores_of(np.full(80, 1e-5)), Directions())
    both = dataclasses.replace(inputs, thresholds=scores_of(p).astype(np.float64))
    alone, found = (simulate(one, Store(tmp_path)) for one in (inputs, both))
    # The matches are not simulated in another way because of them.
    np.testing.assert_array_equal(alone.log_p, found.log_p)
    assert alone.thresholds is None
    assert found.threshold_log_p is not None
    ratios = np.exp(found.threshold_log_p.astype(np.float64)).mean(axis=2) / p
    error = ratios.std(axis=0) / np.sqrt(len(ratios))
    assert (np.abs(ratios.mean(axis=0) - 1) < 3.5 * error).all()
    assert (error < 0.25).all()


def test_a_query_without_a_match_is_not_simulated(tmp_path: Path) -> None:
    inputs = make_inputs(np.full(3, -np.inf, dtype=np.float32), Directions())
    _, effort = simulate_tails(inputs, Store(tmp_path), lambda share, phrase: None)
    assert (effort.decoded, effort.levels) == (0, 0)


def test_a_finished_simulation_is_read_from_the_cache(tmp_path: Path) -> None:
    inputs = make_inputs(scores_of(np.full(4, 1e-6)), generator := Directions())
    first = simulate(inputs, Store(tmp_path))
    before = generator.decoded
    again = simulate(inputs, Store(tmp_path))
    assert generator.decoded == before
    np.testing.assert_array_equal(first.log_p, again.log_p)
    other = simulate(dataclasses.replace(inputs, seed=4), Store(tmp_path))
    assert not np.array_equal(first.log_p, other.log_p)


def test_the_noise_of_a_row_gives_its_fingerprint() -> None:
    generator = Directions()
    source = SyntheticDistractors(generator, "directions", seed=5)
    rows = np.array([20_001, 7, 12_345, 7])
    drawn = np.concatenate(list(source.rows(0, 30_000)))
    decoded = generator.decode(source.noise(rows, DIM))
    np.testing.assert_allclose(decoded, drawn[rows], atol=1e-6)


def test_a_generator_that_breaks_a_rule_is_named(tmp_path: Path) -> None:
    class Broken(Directions):
        def decode(self, noise: Noise, /) -> Vectors:
            decoded = super().decode(noise)
            return decoded if len(noise) == 10_000 else decoded * np.float32(np.nan)

    inputs = make_inputs(scores_of(np.full(2, 1e-6)), Broken())
    with pytest.raises(FpbenchError, match="generator 'directions' breaks a rule"):
        simulate(inputs, Store(tmp_path))


def test_threads_change_no_outcome(tmp_path: Path) -> None:
    scores = scores_of(10 ** np.random.default_rng(0).uniform(-6, -2, BATCH + 3))
    inputs = dataclasses.replace(
        make_inputs(scores, Directions()),
        thresholds=scores_of(np.array([1e-3, 1e-5])).astype(float),
    )
    found = []
    for threads in (1, 2):
        store = Store(tmp_path / str(threads))
        tail, effort = simulate_tails(inputs, store, lambda share, phrase: None, threads=threads)
        found.append((tail.log_p.tobytes(), tail.threshold_log_p.tobytes(), effort))
    assert found[0] == found[1]
