"""A run scores the mean of its rows; each fingerprint proposes runs, which are scored whole."""

from collections.abc import Iterator

import numpy as np
import pytest

from fpbench import Settings, Vectors
from fpbench.plugin.indexes import BlockIndex
from fpbench.search.sequences import PositionwiseIndex, Runs, concatenate_runs, run_starts
from fpbench_plugins import exact

LENGTH, DIM, K = 3, 8, 4


@pytest.fixture
def single() -> BlockIndex:
    return exact.create(Settings())


def unit(rows: int, rng: np.random.Generator) -> Vectors:
    x = rng.standard_normal((rows, DIM), dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def chunks(runs: Runs, size: int) -> Iterator[Vectors]:
    return (runs[np.arange(i, min(i + size, len(runs)))] for i in range(0, len(runs), size))


def test_runs_stay_within_a_track_and_avoid_unusable_rows() -> None:
    track = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])
    usable = np.array([1, 1, 1, 1, 1, 1, 1, 0, 1], dtype=bool)
    assert run_starts(track, usable, 2).tolist() == [0, 1, 3, 5]
    assert run_starts(track, usable, 3).tolist() == [0]
    assert run_starts(track, usable, 1).tolist() == [0, 1, 2, 3, 4, 5, 6, 8]
    assert run_starts(track, usable, 10).tolist() == []


def test_the_score_of_a_run_is_the_mean_over_its_rows() -> None:
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    query = concatenate_runs(np.array([[[1, 0], [1, 0]]], dtype=np.float32))
    runs = Runs(vectors, np.array([0, 1]), 2)
    assert runs.shape == (2, 4)
    # (1 + 0) / 2 and (0 + 0.6) / 2
    np.testing.assert_allclose(query @ runs[:].T, [[0.5, 0.3]], rtol=1e-6)
    np.testing.assert_array_equal(runs[np.array([1])], runs[1:2])


def test_a_run_of_unit_rows_has_length_one(rng: np.random.Generator) -> None:
    vectors = rng.standard_normal((50, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    runs = Runs(vectors, np.arange(41), 10)[:]
    np.testing.assert_allclose(np.linalg.norm(runs, axis=1), 1, rtol=1e-6)


def test_fingerprint_j_proposes_the_runs_that_begin_j_rows_earlier(
    single: BlockIndex, rng: np.random.Generator
) -> None:
    rows, queries = unit(40, rng), unit(2 * LENGTH, rng).reshape(2, LENGTH, DIM)
    runs = Runs(rows, np.arange(40 - LENGTH + 1), LENGTH)
    candidates = PositionwiseIndex(single, LENGTH).search(
        concatenate_runs(queries), chunks(runs, 10), K
    )
    assert candidates.ids.shape == (2 * LENGTH, K)
    for query in range(2):
        for j in range(LENGTH):
            near = np.argsort(-(rows[j : j + len(runs)] @ queries[query, j]), kind="stable")[:K]
            assert candidates.ids[query * LENGTH + j].tolist() == near.tolist()
            for place, start in enumerate(near):
                whole = np.mean(np.sum(queries[query] * rows[start : start + LENGTH], axis=1))
                score = candidates.scores[query * LENGTH + j, place]
                assert score == pytest.approx(whole, abs=1e-6)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_chunks_change_nothing(single: BlockIndex, rng: np.random.Generator, size: int) -> None:
    runs = Runs(unit(60, rng), np.arange(58), LENGTH)
    queries = concatenate_runs(unit(5 * LENGTH, rng).reshape(5, LENGTH, DIM))
    index = PositionwiseIndex(single, LENGTH)
    whole, cut = (
        index.search(queries, chunks(runs, 58), K),
        index.search(queries, chunks(runs, size), K),
    )
    np.testing.assert_array_equal(whole.ids, cut.ids)
    np.testing.assert_array_equal(whole.scores, cut.scores)
