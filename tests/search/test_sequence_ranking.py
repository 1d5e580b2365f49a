"""Starts are ranked as a loop over queries and lengths ranks them, with its boundary cases."""

import numpy as np
import pytest

from fpbench.search.concatenation import Concatenation
from fpbench.search.sequence_ranking import SequenceQueries, propose_starts, rank_starts

SEGMENTS = [1, 3, 5]
K = 4


def loop_over_queries(
    query: np.ndarray, database: np.ndarray, near: np.ndarray, start: int, length: int
) -> tuple[list[int], list[float]]:
    """The best ten starts, and all scores, as the text of the protocol has it."""
    q = query[start : start + length]
    ids = near[start : start + len(q)] - np.arange(len(q))[:, None]
    candidates = sorted({int(one) for one in ids.ravel() if one >= 0})
    scores = []
    for c in candidates:
        v = database[c : c + len(q)]
        scores.append(float(np.mean([np.dot(a, b) for a, b in zip(q, v, strict=False)])))
    order = np.argsort(-np.array(scores), kind="stable")[:10]
    return [candidates[i] for i in order], [scores[i] for i in order]


@pytest.fixture
def vectors(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Queries, distractors and reference in whole numbers, so that sums are exact."""
    reference = rng.integers(-4, 5, (30, 8)).astype(np.float32)
    query = reference + rng.integers(-2, 3, reference.shape).astype(np.float32)
    return query, rng.integers(-4, 5, (50, 8)).astype(np.float32), reference


def nearest(query: np.ndarray, database: np.ndarray) -> np.ndarray:
    apart = ((query[:, None] - database) ** 2).sum(axis=2)
    return np.argsort(apart, axis=1, kind="stable")[:, :K]


@pytest.mark.parametrize("size", [0, 20, 50])
def test_ranks_as_a_loop_does(
    vectors: tuple[np.ndarray, np.ndarray, np.ndarray], size: int
) -> None:
    query, distractors, reference = vectors
    database = np.concatenate([distractors[:size], reference])
    near = nearest(query, database)
    first = np.array([7, 0, 24, 29, 27])  # the last ones are cut
    queries = SequenceQueries(
        vectors=query, first=first, segments=SEGMENTS, last=np.full(len(first), len(query))
    )
    used = queries.rows()
    ranked = rank_starts(queries, used, near[used], Concatenation(distractors, reference, size))
    for number, start in enumerate(first.tolist()):
        for column, length in enumerate(SEGMENTS):
            starts, scores = loop_over_queries(query, database, near, start, length)
            found = ranked.starts[number, column]
            assert found[found >= 0].tolist() == starts
            np.testing.assert_allclose(ranked.scores[number, column, : len(scores)], scores, 1e-6)


def test_missing_neighbours_propose_nothing(
    vectors: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    query, distractors, reference = vectors
    queries = SequenceQueries(
        vectors=query, first=np.array([3]), segments=[1, 2], last=np.array([30])
    )
    near = np.array([[-1, -1], [0, 9]])
    ranked = rank_starts(queries, queries.rows(), near, Concatenation(distractors, reference, 50))
    # Row 0 would begin before the database.
    assert ranked.candidates.tolist() == [[0, 1]]
    assert ranked.starts[0, :, 0].tolist() == [-1, 8]
    assert np.isneginf(ranked.scores[0, 0]).all()


def test_a_start_at_the_end_is_scored_over_the_rows_that_are_there() -> None:
    reference = np.array([[1, 0], [0, 1]], dtype=np.float32)
    queries = SequenceQueries(
        vectors=reference, first=np.array([0]), segments=[2], last=np.array([2])
    )
    near = np.array([[1], [1]])
    database = Concatenation(reference[:0], reference, 0)
    ranked = rank_starts(queries, queries.rows(), near, database)
    assert ranked.starts[0, 0, :2].tolist() == [0, 1]
    assert ranked.scores[0, 0, :2].tolist() == [1.0, 0.0]


def test_only_kept_starts_are_ranked(vectors: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    query, distractors, reference = vectors
    queries = SequenceQueries(
        vectors=query, first=np.array([0]), segments=[1, 2], last=np.array([30])
    )
    near = np.array([[5, 6], [8, 9]])
    ranked = rank_starts(
        queries,
        queries.rows(),
        near,
        Concatenation(distractors, reference, 50),
        keep=lambda number, starts, segments: starts % 2 == segments % 2,
    )
    assert sorted(ranked.starts[0, 0, :1]) == [5]
    assert sorted(ranked.starts[0, 1, :2]) == [6, 8]


def test_what_is_ruled_out_changes_no_score(rng: np.random.Generator) -> None:
    """With so many places that nothing is ruled out, the best ones are the same bytes."""
    vectors = rng.standard_normal((400, 16)).astype(np.float32)
    vectors[200:220] = vectors[100:120]  # starts of equal scores
    vectors[300:310] *= 1e4
    database = Concatenation(vectors[:350], vectors[350:], 350)
    query = vectors[95:125] + np.float32(0.3) * rng.standard_normal((30, 16)).astype(np.float32)
    first = np.array([0, 5, 9])
    queries = SequenceQueries(
        vectors=query, first=first, segments=[1, 4, 15], last=np.full(len(first), len(query))
    )
    used = queries.rows()
    near = rng.integers(-1, 400, (len(used), 20))
    near[:, 0] = 95 + used
    near[:, 1] = 195 + used
    few = rank_starts(queries, used, near, database, places=3)
    all_of_them = rank_starts(queries, used, near, database, places=400)
    assert (few.candidates[:, -1] > 150).all()
    np.testing.assert_array_equal(few.candidates, all_of_them.candidates)
    np.testing.assert_array_equal(few.starts, all_of_them.starts[:, :, :3])
    assert few.scores.tobytes() == np.ascontiguousarray(all_of_them.scores[:, :, :3]).tobytes()


def test_proposed_starts_are_all_that_a_ranking_reads(rng: np.random.Generator) -> None:
    vectors = rng.standard_normal((400, 8)).astype(np.float32)
    queries = SequenceQueries(
        vectors=vectors, first=np.array([3, 7, 96]), segments=[1, 3], last=np.array([99, 99, 98])
    )
    used = queries.rows()
    assert used.tolist() == [3, 4, 5, 7, 8, 9, 96, 97]
    near = np.array([[50, -1]] * 3 + [[60, 1]] * 3 + [[70, 200]] * 2)
    wanted = {50, 49, 48, 60, 59, 58, 1, 0, -1, 70, 69, 200, 199}
    assert set(propose_starts(queries, used, near).tolist()) == wanted
    ranked = rank_starts(queries, used, near, Concatenation(vectors, vectors[:5], 400))
    assert set(ranked.starts.ravel().tolist()) - {-1} == wanted - {-1}
