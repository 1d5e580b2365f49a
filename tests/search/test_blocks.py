"""A search by blocks gives the ranks of one search of everything, even after interruptions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from block_searches import DIM, Scan, Slices, best_of, unit

from fpbench import Candidates, FpbenchError, Vectors
from fpbench.cache import Store
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.truth import distances_s
from fpbench.plugin.datasets import Positions
from fpbench.search.blocks import (
    BlockSearch,
    CandidateStore,
    gather_evidence,
    grow_index,
    match_scores,
    search_reference,
)
from fpbench.search.engines.local import LocalEngine
from fpbench.search.engines.missing import cut_blocks, find_missing, search_missing
from fpbench.search.scores import sum_by_halves

QUERIES, ROWS = 40, 900
EDGES = [0, 100, 200, 450, 900]


class GrowingScan(Scan):
    """The same, as a growing index."""

    kind: Final = "growing"  # type: ignore[misc, assignment] # of another kind than its base

    def __init__(self) -> None:
        self.rows = np.empty((0, DIM), dtype=np.float32)

    def add(self, vectors: Vectors, /) -> None:
        self.rows = np.concatenate([self.rows, vectors])

    def search(self, queries: Vectors, k: int, /) -> Candidates:  # type: ignore[override]
        return best_of(queries, self.rows, k)


def fill(candidates: CandidateStore, case: "Case", edges: Sequence[int]) -> None:
    """Search the distractors between the edges for what is missing."""
    blocks = cut_blocks([BlockSearch(Scan(), candidates, "scan")], case.source, edges)
    for _ in search_missing(find_missing(blocks), case.queries, [LocalEngine()]):
        pass


class Case:
    """Queries near rows of the reference, and distractors anywhere."""

    def __init__(self) -> None:
        rng = np.random.default_rng(5)
        self.reference = unit(60, rng)
        self.reference_positions = Positions(
            np.repeat(np.arange(6), 10), np.tile(np.arange(10.0), 6)
        )
        rows = rng.permutation(60)[:QUERIES]
        self.truth = Positions(
            self.reference_positions.track[rows], self.reference_positions.start_s[rows]
        )
        noisy = self.reference[rows] + 0.4 * rng.standard_normal((QUERIES, DIM), dtype=np.float32)
        self.queries = noisy / np.linalg.norm(noisy, axis=1, keepdims=True)
        self.rows = unit(ROWS, rng)
        self.source = Slices(self.rows)
        self.match_score = best_of(self.queries, self.reference, 60)

    def evidence(self, store: Store, k: int) -> Evidence:
        candidates = CandidateStore(store=store, key="case", k=k)
        fill(candidates, self, EDGES)
        return gather_evidence(
            search_reference(BlockSearch(Scan(), candidates, "scan"), self.queries, self.reference),
            candidates,
            EDGES,
            queries=self.queries,
            reference=self.reference,
            reference_positions=self.reference_positions,
            truth=self.truth,
        )

    def brute_force_ranks(self, n: int, tolerance_s: float | None) -> np.ndarray:
        """Rank of the best match among the reference and the first n distractors, ties against."""
        ours = sum_by_halves(self.queries[:, None] * self.reference[None])
        theirs = sum_by_halves(self.queries[:, None] * self.rows[None, :n])
        same = self.reference_positions.track[None] == self.truth.track[:, None]
        away = np.abs(self.reference_positions.start_s[None] - self.truth.start_s[:, None])
        match = same & (True if tolerance_s is None else away <= tolerance_s)
        best = np.where(match, ours, -np.inf).max(axis=1)[:, None]
        return (~match & (ours >= best)).sum(axis=1) + (theirs >= best).sum(axis=1)


@pytest.mark.parametrize("tolerance_s", [0.0, 1.0, None])
def test_hit_rates_at_block_ends_equal_brute_force(
    tmp_path: Path, tolerance_s: float | None
) -> None:
    case = Case()
    evidence = case.evidence(Store(tmp_path), k=10)
    for edge, ranks in zip(EDGES, evidence.growing_ranks(range(4), tolerance_s), strict=True):
        expected = case.brute_force_ranks(edge, tolerance_s)
        for k in (1, 3, 9):
            np.testing.assert_array_equal(ranks < k, expected < k)


def test_missing_candidates_are_named(tmp_path: Path) -> None:
    case, candidates = Case(), CandidateStore(store=Store(tmp_path), key="case", k=5)
    fill(candidates, case, EDGES[:3])
    with pytest.raises(FpbenchError, match="no longer holds the candidates of rows 200 to 450"):
        gather_evidence(
            search_reference(BlockSearch(Scan(), candidates, "scan"), case.queries, case.reference),
            candidates,
            EDGES,
            queries=case.queries,
            reference=case.reference,
            reference_positions=case.reference_positions,
            truth=case.truth,
        )


def test_a_growing_index_gives_the_same_ranks_as_blocks(tmp_path: Path) -> None:
    case = Case()
    sizes = (100, 450, 900)
    steps = grow_index(
        [GrowingScan()], case.queries, case.reference, case.source, sizes=sizes, k=10, plugin="scan"
    )
    at_sizes = [(done, one) for done, at_size in steps for one in at_size]
    assert [done for done, _ in at_sizes] == list(sizes)
    candidates = [at_size for _, at_size in at_sizes]
    grown = GrownEvidence(
        query_track=case.truth.track,
        match_score=np.zeros(QUERIES, dtype=np.float32),
        sizes=sizes,
        candidates=candidates,
        distances_s=[distances_s(c.ids, case.reference_positions, case.truth) for c in candidates],
    )
    for size in sizes:
        expected = case.brute_force_ranks(size, 0.0)
        np.testing.assert_array_equal(grown.ranks(size, 0.0) < 9, expected < 9)


def test_the_score_of_the_true_match_does_not_depend_on_the_search() -> None:
    case = Case()
    truth = Positions(case.truth.track.copy(), case.truth.start_s)
    truth.track[0] = 99
    scores = match_scores(case.queries, case.reference, case.reference_positions, truth)
    row = 10 * case.truth.track[1] + int(case.truth.start_s[1])
    assert scores[0] == -np.inf
    assert scores[1] == pytest.approx(float(case.queries[1] @ case.reference[row]), abs=1e-6)
