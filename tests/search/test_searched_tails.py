"""The best searched rows of each query, by replicate, against all rows."""

import numpy as np
import pytest

from fpbench import Candidates
from fpbench.evidence.evidence import Evidence
from fpbench.search.searched_tails import SearchedTail

BLOCK, BLOCKS, QUERIES, KEPT, REPLICATES = 50, 4, 3, 10, 4


@pytest.fixture
def scores(rng: np.random.Generator) -> np.ndarray:
    """Scores of all queries with all rows."""
    return rng.normal(size=(QUERIES, BLOCK * BLOCKS)).astype(np.float32)


@pytest.fixture
def tail(scores: np.ndarray) -> SearchedTail:
    return SearchedTail.of_evidence(evidence_of(scores))


def evidence_of(scores: np.ndarray) -> Evidence:
    blocks = []
    for number in range(BLOCKS):
        part = scores[:, number * BLOCK : (number + 1) * BLOCK]
        ids = np.argsort(-part, axis=1)[:, :KEPT]
        best = np.take_along_axis(part, ids, axis=1)
        blocks.append(Candidates(ids, -best, best))
    nothing = np.full((QUERIES, KEPT + 1), -np.inf, dtype=np.float32)
    return Evidence(
        query_track=np.arange(QUERIES),
        reference=Candidates(np.full(nothing.shape, -1), -nothing, nothing),
        distance_s=np.full(nothing.shape, np.inf),
        match_score=np.zeros(QUERIES, dtype=np.float32),
        edges=np.arange(BLOCKS + 1) * BLOCK,
        blocks=blocks,
    )


def test_every_row_above_the_complete_score_is_known(
    tail: SearchedTail, scores: np.ndarray
) -> None:
    assert tail.searched == BLOCK * BLOCKS
    for query in range(QUERIES):
        known = set(tail.rows[query, tail.scores[query] > tail.complete[query]].tolist())
        assert known == set(np.flatnonzero(scores[query] > tail.complete[query]).tolist())


@pytest.mark.parametrize("above", [False, True])
def test_probabilities_are_shares_of_the_rows_of_a_replicate(
    tail: SearchedTail, scores: np.ndarray, above: bool
) -> None:
    threshold = np.sort(scores, axis=1)[:, -9]
    found = np.exp(tail.log_p(threshold, REPLICATES, above=above))
    for number in range(REPLICATES):
        own = scores[:, number::REPLICATES]
        counted = own > threshold[:, None] if above else own >= threshold[:, None]
        np.testing.assert_allclose(found[:, number], counted.mean(axis=1))


def test_below_the_complete_score_the_share_is_that_of_the_complete_part(
    tail: SearchedTail,
) -> None:
    low = tail.log_p(np.full(QUERIES, -9, dtype=np.float32), REPLICATES)
    np.testing.assert_array_equal(low, tail.log_p(tail.complete, REPLICATES, above=True))


def test_seeds_are_the_best_rows_each_with_its_replicate(
    tail: SearchedTail, scores: np.ndarray
) -> None:
    seeds = tail.seeds(REPLICATES, 3)
    for query in range(QUERIES):
        best = np.argsort(-scores[query])[: REPLICATES * 3]
        assert set(seeds.rows[query].reshape(-1).tolist()) <= set(best.tolist())
        assert (seeds.scores[query] > seeds.level[query]).all()
        np.testing.assert_array_equal(scores[query, seeds.rows[query]], seeds.scores[query])
        for number, rows in enumerate(seeds.rows[query]):
            if (best % REPLICATES == number).any():
                assert (rows % REPLICATES == number).all()


def test_few_rows_are_repeated_and_a_replicate_without_any_has_a_probability_of_zero() -> None:
    # The best rows of this query are all of replicate 0.
    scores = np.linspace(0, 1, BLOCK * BLOCKS, dtype=np.float32)[None].repeat(QUERIES, axis=0)
    scores[:, ::REPLICATES] += 2
    tail = SearchedTail.of_evidence(evidence_of(scores))
    seeds = tail.seeds(REPLICATES, 2)
    assert (seeds.rows % REPLICATES == 0).all()
    log_p = tail.log_p(seeds.level, REPLICATES, above=True)
    assert np.isfinite(log_p[:, 0]).all()
    assert (log_p[:, 1:] == -np.inf).all()


@pytest.mark.parametrize("blocks", [1, 4])
def test_particles_are_as_good_as_the_best_rows_whatever_their_number(blocks: int) -> None:
    # More or fewer of the best rows belong to a replicate than it has particles.
    queries, replicates, particles = 1_000, 2, 30
    each = 1_200 // blocks
    known = 160 // blocks  # of each block, the best first
    scores = np.random.default_rng(0).standard_normal((queries, blocks, each)).astype(np.float32)
    ids = np.argsort(-scores, axis=2)[:, :, :known]
    best = np.take_along_axis(scores, ids, axis=2)
    rows = (ids + each * np.arange(blocks)[:, None]).reshape(queries, -1)
    complete = best[:, :, -1].max(axis=1)
    tail = SearchedTail(rows, best.reshape(queries, -1), complete, blocks * each)
    seeds = tail.seeds(replicates, particles)
    log_p = tail.log_p(seeds.level, replicates, above=True)
    higher = np.float32(2.326)  # with a probability of 0.01
    share = (seeds.scores > higher).mean(axis=2)
    found = (np.exp(log_p) * share).mean(axis=1)
    error = found.std() / np.sqrt(queries)
    assert found.mean() == pytest.approx(0.01, abs=3.5 * error)
    assert error < 0.00015
