"""Each fingerprint of a query proposes runs, and whole runs are scored."""

from collections.abc import Iterator

import numpy as np
import pytest

from fpbench import Settings, Vectors
from fpbench.evidence.evidence import Evidence
from fpbench.plugin.indexes import BlockIndex, Candidates
from fpbench.search.sequences import PositionwiseIndex, Runs, concatenate_runs
from fpbench_plugins import exact

LENGTH, DIM, K = 3, 8, 4


@pytest.fixture
def single() -> BlockIndex:
    block = exact.create(Settings()).block
    assert block is not None
    return block


def unit(rows: int, rng: np.random.Generator) -> Vectors:
    x = rng.standard_normal((rows, DIM), dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def chunks(runs: Runs, size: int) -> Iterator[Vectors]:
    return (runs[np.arange(i, min(i + size, len(runs)))] for i in range(0, len(runs), size))


def test_proposes_the_runs_that_began_so_much_earlier(
    single: BlockIndex, rng: np.random.Generator
) -> None:
    rows, asked = unit(40, rng), unit(2 * LENGTH, rng).reshape(2, LENGTH, DIM)
    runs = Runs(rows, np.arange(40 - LENGTH + 1), LENGTH)
    found = PositionwiseIndex(single, LENGTH).search(concatenate_runs(asked), chunks(runs, 10), K)
    assert found.ids.shape == (2 * LENGTH, K)
    for query in range(2):
        for j in range(LENGTH):
            near = np.argsort(-(rows[j : j + len(runs)] @ asked[query, j]), kind="stable")[:K]
            assert found.ids[query * LENGTH + j].tolist() == near.tolist()
            for place, start in enumerate(near):
                whole = np.mean(np.sum(asked[query] * rows[start : start + LENGTH], axis=1))
                score = found.scores[query * LENGTH + j, place]
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


def evidence(reference: Candidates, block: Candidates, distance_s: np.ndarray) -> Evidence:
    return Evidence(
        query_track=np.array([0]),
        reference=reference,
        distance_s=distance_s,
        match_score=np.array([0.5], dtype=np.float32),
        edges=np.array([0, 10]),
        blocks=[block],
    )


def cell(ids: list[list[int]], keys: list[list[float]], scores: list[list[float]]) -> Candidates:
    return Candidates(
        np.array(ids), np.array(keys, dtype=np.float32), np.array(scores, dtype=np.float32)
    )


def test_a_run_that_two_fingerprints_propose_counts_once() -> None:
    # One query of two fingerprints. Both propose distractor 7, which scores above the match;
    # distractor 3 is proposed by the second alone, and scores below it.
    reference = cell(
        [[5, -1, -1], [-1, -1, -1]],
        [[0.2, np.inf, np.inf], [np.inf] * 3],
        [[0.5, -np.inf, -np.inf], [-np.inf] * 3],
    )
    block = cell([[7, -1], [7, 3]], [[0.1, np.inf], [0.1, 0.3]], [[0.9, -np.inf], [0.9, 0.4]])
    distance_s = np.where(reference.ids == 5, 0.0, np.inf)
    found = evidence(reference, block, distance_s)
    assert found.positions == 2
    assert found.ranks(range(0), 0.25).tolist() == [0]
    assert found.ranks(range(1), 0.25).tolist() == [1]
    assert found.best_distractors(range(1)).tolist() == [np.float32(0.9)]


def test_each_fingerprint_has_a_shortlist_of_its_own() -> None:
    # The match is crowded out of the first fingerprint's two places and stays in the second's.
    reference = cell(
        [[5, -1, -1], [5, -1, -1]], [[0.4, np.inf, np.inf]] * 2, [[0.5, -np.inf, -np.inf]] * 2
    )
    block = cell([[1, 2], [3, -1]], [[0.1, 0.2], [0.9, np.inf]], [[0.1, 0.2], [0.3, -np.inf]])
    found = evidence(reference, block, np.where(reference.ids == 5, 0.0, np.inf))
    assert found.ranks(range(1), 0.25).tolist() == [0]
