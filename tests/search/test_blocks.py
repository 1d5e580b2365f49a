"""A search by blocks gives the ranks of one search of everything, even after interruptions."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import pytest

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
    search_blocks,
    search_reference,
)
from fpbench.search.scores import sum_by_halves

QUERIES, DIM, ROWS = 40, 6, 900
EDGES = [0, 100, 200, 450, 900]


class Scan:
    """A block index that scores every pair."""

    kind: Final = "block"
    exact = True
    training_rows = 0

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        return {}

    def train(self, vectors: Vectors, /) -> None: ...

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        return best_of(queries, np.concatenate(list(block)), k)


class GrowingScan(Scan):
    """The same, as a growing index."""

    kind: Final = "growing"  # type: ignore[misc, assignment] # of another kind than its base

    def __init__(self) -> None:
        self.rows = np.empty((0, DIM), dtype=np.float32)

    def add(self, vectors: Vectors, /) -> None:
        self.rows = np.concatenate([self.rows, vectors])

    def search(self, queries: Vectors, k: int, /) -> Candidates:  # type: ignore[override]
        return best_of(queries, self.rows, k)


def best_of(queries: Vectors, rows: Vectors, k: int) -> Candidates:
    scores = sum_by_halves(queries[:, None] * rows[None])
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(scores, order, axis=1)
    return Candidates(order, -best, best)


class Slices:
    """Distractors from one array; lists what is read."""

    def __init__(self, rows: Vectors) -> None:
        self._rows = rows
        self.read: list[tuple[int, int]] = []

    @property
    def rows_available(self) -> int:
        return len(self._rows)

    def rows(self, start: int, stop: int) -> Iterator[Vectors]:
        self.read.append((start, stop))
        for first in range(start, stop, 70):
            yield self._rows[first : min(first + 70, stop)]


def unit(n: int, rng: np.random.Generator) -> Vectors:
    # Coarse coordinates, so that equal scores occur.
    x = rng.integers(-3, 4, (n, DIM)).astype(np.float32) + np.float32(0.5)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


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
        for _ in search_blocks(
            [BlockSearch(Scan(), candidates, "scan")], self.queries, self.source, EDGES
        ):
            pass
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


def test_an_interrupted_search_goes_on_and_ends_in_the_same_bytes(tmp_path: Path) -> None:
    case, whole, broken = Case(), Store(tmp_path / "a"), Store(tmp_path / "b")
    case.evidence(whole, k=5)
    candidates = CandidateStore(store=broken, key="case", k=5)
    steps = search_blocks(
        [BlockSearch(Scan(), candidates, "scan")], case.queries, case.source, EDGES
    )
    assert next(steps) == (100, False)
    assert next(steps) == (200, False)
    steps.close()  # type: ignore[attr-defined]
    case.source.read.clear()
    case.evidence(broken, k=5)
    assert case.source.read == [(200, 450), (450, 900)]
    files = sorted(p.relative_to(whole.root) for p in whole.root.rglob("*.npz"))
    assert len(files) == 4
    for file in files:
        assert (whole.root / file).read_bytes() == (broken.root / file).read_bytes()


class FirstChunkOnly(Scan):
    """Searches the first chunk only."""

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        return super().search(queries, iter([next(block)]), k)


def test_several_indexes_share_each_draw(tmp_path: Path) -> None:
    case, store = Case(), Store(tmp_path)
    searches = [
        BlockSearch(index, CandidateStore(store=store, key=key, k=5), "scan")
        for index, key in ((FirstChunkOnly(), "first"), (Scan(), "a"), (Scan(), "b"))
    ]
    list(search_blocks(searches, case.queries, case.source, EDGES))
    assert case.source.read == list(pairwise(EDGES))
    alone = BlockSearch(
        Scan(), CandidateStore(store=Store(tmp_path / "alone"), key="a", k=5), "scan"
    )
    list(search_blocks([alone], case.queries, case.source, EDGES))
    for pair in pairwise(EDGES):
        expected = alone.candidates.read(*pair)
        assert expected is not None
        for search in searches[1:]:
            actual = search.candidates.read(*pair)
            assert actual is not None
            np.testing.assert_array_equal(actual.ids, expected.ids)
            np.testing.assert_array_equal(actual.scores, expected.scores)


def test_a_larger_size_searches_only_what_is_new(tmp_path: Path) -> None:
    case, candidates = Case(), CandidateStore(store=Store(tmp_path), key="case", k=5)
    list(
        search_blocks(
            [BlockSearch(Scan(), candidates, "scan")], case.queries, case.source, EDGES[:3]
        )
    )
    case.source.read.clear()
    steps = list(
        search_blocks([BlockSearch(Scan(), candidates, "scan")], case.queries, case.source, EDGES)
    )
    assert steps == [(100, True), (200, True), (450, False), (900, False)]
    assert case.source.read == [(200, 450), (450, 900)]


def test_missing_candidates_are_named(tmp_path: Path) -> None:
    case, candidates = Case(), CandidateStore(store=Store(tmp_path), key="case", k=5)
    list(
        search_blocks(
            [BlockSearch(Scan(), candidates, "scan")], case.queries, case.source, EDGES[:3]
        )
    )
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
        GrowingScan(), case.queries, case.reference, case.source, sizes=sizes, k=10, plugin="scan"
    )
    at_sizes = [(done, at_size) for done, at_size in steps if at_size is not None]
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
