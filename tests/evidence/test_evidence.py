"""Evidence gives the ranks of a new search of each database, and ties never help a system."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fpbench import Candidates
from fpbench.evidence.evidence import (
    Evidence,
    disjoint_databases,
    whole_block_databases,
)

INF = np.inf
MISSING = (-1, INF, -INF)


def candidates(*rows: list[tuple[int, float, float]]) -> Candidates:
    """Candidates from one list of (id, key, score) per query."""
    table = np.array(rows, dtype=np.float64)
    return Candidates(
        table[:, :, 0].astype(np.int64),
        table[:, :, 1].astype(np.float32),
        table[:, :, 2].astype(np.float32),
    )


def exact_candidates(*rows: list[float]) -> Candidates:
    """Candidates from scores per query; ids count up and keys are negated scores."""
    return candidates(*([(i, -score, score) for i, score in enumerate(row)] for row in rows))


def make_evidence(
    reference: Candidates,
    distance_s: list[list[float]],
    *blocks: Candidates,
    rows_per_query: int = 1,
) -> Evidence:
    queries = len(distance_s) // rows_per_query
    return Evidence(
        query_track=np.arange(queries),
        reference=reference,
        distance_s=np.array(distance_s),
        match_score=np.full(queries, 0.5, dtype=np.float32),
        edges=np.arange(len(blocks) + 1) * 10,
        blocks=blocks,
    )


def test_better_distractors_push_the_match_down_one_rank_each() -> None:
    evidence = make_evidence(
        exact_candidates([0.5, 0.1, 0.0]),
        [[0.0, INF, INF]],
        exact_candidates([0.4, 0.3]),
        exact_candidates([0.9, 0.3]),
    )
    assert [int(r[0]) for r in evidence.growing_ranks(range(2), 0.0)] == [0, 0, 1]


def test_the_extra_column_is_not_part_of_the_shortlist() -> None:
    alone = make_evidence(exact_candidates([0.9, 0.8, 0.7]), [[INF, INF, 0.0]])
    assert alone.shortlist == 2
    assert alone.ranks(range(0), 0.0).tolist() == [2]  # not in the shortlist


def test_a_distractor_with_the_same_score_comes_before_the_match() -> None:
    evidence = make_evidence(
        exact_candidates([0.5, 0.1, 0.0]), [[0.0, INF, INF]], exact_candidates([0.5, 0.3])
    )
    assert evidence.ranks(range(1), 0.0).tolist() == [1]


def test_another_reference_row_with_the_same_score_comes_before_the_match() -> None:
    evidence = make_evidence(
        exact_candidates([0.5, 0.5, 0.0]), [[0.0, INF, INF]], exact_candidates([0.1, 0.1])
    )
    assert evidence.ranks(range(0), 0.0).tolist() == [1]


def test_equal_keys_at_the_border_of_the_shortlist_shut_the_match_out() -> None:
    # Two places: one for key 1, and one that a match and a distractor with key 2 both want.
    reference = candidates([(0, 2.0, 0.9), (1, 5.0, 0.1), (2, 6.0, 0.1)])
    evidence = make_evidence(
        reference, [[0.0, INF, INF]], candidates([(0, 1.0, 0.2), (1, 2.0, 0.3)])
    )
    assert evidence.ranks(range(0), 0.0).tolist() == [0]
    assert evidence.ranks(range(1), 0.0).tolist() == [2]


def test_equal_keys_within_the_reference_shut_the_match_out_too() -> None:
    reference = candidates([(0, 2.0, 0.9), (1, 2.0, 0.1), (2, 2.0, 0.1)])
    evidence = make_evidence(
        reference, [[0.0, INF, INF]], candidates([(0, 7.0, 0.2), (1, 8.0, 0.3)])
    )
    assert evidence.ranks(range(0), 0.0).tolist() == [2]


def test_a_shortlist_is_ranked_by_score_and_not_by_key() -> None:
    reference = candidates([(0, 2.0, 0.9), (1, 5.0, 0.1), (2, 6.0, 0.1)])
    evidence = make_evidence(
        reference, [[0.0, INF, INF]], candidates([(0, 1.0, 0.2), (1, 3.0, 0.95)])
    )
    assert evidence.ranks(range(1), 0.0).tolist() == [0]


def test_tolerance_decides_which_rows_match() -> None:
    evidence = make_evidence(
        exact_candidates([0.9, 0.8, 0.7, 0.6]),
        [[INF, 30.0, 0.5, 0.0]],
        exact_candidates([0.1, 0.1, 0.1]),
    )
    ranks = {t: int(evidence.ranks(range(1), t)[0]) for t in (0.0, 0.25, 0.5, 29.0, None)}
    assert ranks == {0.0: 3, 0.25: 3, 0.5: 2, 29.0: 2, None: 1}


def test_a_query_whose_track_is_not_in_the_reference_never_hits() -> None:
    evidence = make_evidence(
        exact_candidates([0.9, 0.8, 0.7]), [[INF, INF, INF]], exact_candidates([0.1, 0.1])
    )
    assert evidence.ranks(range(1), None).tolist() == [2]


def test_missing_candidates_have_no_rank() -> None:
    reference = candidates([(4, 1.0, -0.5), MISSING, MISSING])
    evidence = make_evidence(reference, [[0.0, INF, INF]], candidates([MISSING, MISSING]))
    assert evidence.ranks(range(1), 0.0).tolist() == [0]
    assert evidence.best_distractors(range(1)).tolist() == [-INF]


@hypothesis_settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    k=st.integers(1, 4),
    levels=st.integers(2, 30),
    cuts=st.lists(st.integers(1, 59), max_size=5, unique=True),
)
def test_any_split_into_blocks_gives_the_same_ranks(
    seed: int, k: int, levels: int, cuts: list[int]
) -> None:
    # Keys and scores that have nothing to do with each other, full of ties.
    rng = np.random.default_rng(seed)
    keys = rng.integers(levels, size=(6, 60)).astype(np.float32)
    scores = rng.integers(levels, size=(6, 60)).astype(np.float32)
    reference_keys = rng.integers(levels, size=(6, 9)).astype(np.float32)
    reference_scores = rng.integers(levels, size=(6, 9)).astype(np.float32)
    right = rng.integers(9, size=6)

    def search(k: np.ndarray, s: np.ndarray, width: int) -> Candidates:
        order = np.argsort(k, axis=1, kind="stable")[:, :width]
        order_k, order_s = np.take_along_axis(k, order, 1), np.take_along_axis(s, order, 1)
        short = ((0, 0), (0, width - order.shape[1]))
        return Candidates(
            np.pad(order, short, constant_values=-1),
            np.pad(order_k, short, constant_values=np.inf),
            np.pad(order_s, short, constant_values=-np.inf),
        )

    edges = [0, *sorted(cuts), 60]
    reference = search(reference_keys, reference_scores, k + 1)
    evidence = Evidence(
        query_track=np.arange(6),
        reference=reference,
        distance_s=np.where(reference.ids == right[:, None], 0.0, np.inf),
        match_score=np.zeros(6, dtype=np.float32),
        edges=np.array(edges),
        blocks=[search(keys[:, a:b], scores[:, a:b], k) for a, b in pairwise(edges)],
    )
    ranks = list(evidence.growing_ranks(range(len(edges) - 1), 0.0))
    for edge, rank in zip(edges, ranks, strict=True):
        np.testing.assert_array_equal(
            rank,
            [
                whole_rank(
                    np.append(reference_keys[q], keys[q, :edge]),
                    np.append(reference_scores[q], scores[q, :edge]),
                    int(right[q]),
                    k,
                )
                for q in range(6)
            ],
        )


def whole_rank(keys: np.ndarray, scores: np.ndarray, right: int, k: int) -> int:
    """The rule itself: no row with an equal key or score ranks after the match."""
    wrong = np.arange(len(keys)) != right
    before = int((wrong & (keys <= keys[right])).sum())
    if before >= k:
        return k
    order = sorted(range(len(keys)), key=lambda i: (keys[i], i == right))[:k]
    return sum(1 for i in order if i != right and scores[i] >= scores[right])


def test_false_accepts_count_queries_with_a_distractor_above_the_threshold() -> None:
    evidence = make_evidence(
        exact_candidates([0.5, 0.1, 0.0], [0.5, 0.1, 0.0]),
        [[0.0, INF, INF], [0.0, INF, INF]],
        exact_candidates([0.4, 0.3], [0.1, 0.0]),
        exact_candidates([0.2, 0.1], [0.7, 0.6]),
    )
    assert evidence.best_distractors(range(2)).tolist() == pytest.approx([0.4, 0.7])


def test_databases_are_disjoint_and_begin_at_block_edges() -> None:
    edges = np.array([0, 10, 20, 25, 35, 135])
    # From 20 on, the second block is cut; at 25 the next begins within it.
    assert disjoint_databases(edges, 10) == [
        (range(0, 1), 10),
        (range(1, 2), 20),
        (range(2, 4), 30),
    ]
    assert disjoint_databases(edges, 25) == [(range(0, 3), 25)]  # a longer block is not cut
    assert disjoint_databases(edges, 135) == [(range(0, 5), 135)]
    assert disjoint_databases(edges, 11) == []  # no size of the run


def test_a_size_between_round_ones_has_many_databases() -> None:
    edges = np.array([0, 100, 118, 200, *range(300, 1001, 100)])
    assert [stop - 118 for _, stop in disjoint_databases(edges, 118)] == [0, 118, 300, 500, 700]
    assert len(whole_block_databases(edges, 118)) == 1


def test_the_first_estimator_has_whole_blocks() -> None:
    edges = np.array([0, 10, 20, 25, 35, 135])
    ranges = [blocks for blocks, _ in whole_block_databases(edges, 10)]
    assert ranges == [range(0, 1), range(1, 2), range(3, 4)]


def test_a_cut_block_has_the_candidates_of_its_first_rows() -> None:
    evidence = make_evidence(
        exact_candidates([0.5, 0.1, 0.0]),
        [[0.0, INF, INF]],
        exact_candidates([0.4, 0.3]),
        candidates([(7, -0.9, 0.9), (2, -0.8, 0.8)]),
    )
    ranks = {stop: evidence.ranks(range(2), 0.0, stop).tolist() for stop in (12, 13, 18, 20, None)}
    assert ranks == {12: [0], 13: [1], 18: [2], 20: [2], None: [2]}


def test_a_run_that_two_fingerprints_propose_counts_once() -> None:
    # One query of two fingerprints. Both propose distractor 7, which scores above the match;
    # distractor 3 is proposed by the second alone, and scores below it.
    reference = candidates([(5, 0.2, 0.5), MISSING, MISSING], [MISSING] * 3)
    block = candidates([(7, 0.1, 0.9), MISSING], [(7, 0.1, 0.9), (3, 0.3, 0.4)])
    evidence = make_evidence(reference, [[0.0, INF, INF], [INF] * 3], block, rows_per_query=2)
    assert evidence.rows_per_query == 2
    assert evidence.ranks(range(0), 0.25).tolist() == [0]
    assert evidence.ranks(range(1), 0.25).tolist() == [1]
    assert evidence.best_distractors(range(1)).tolist() == [np.float32(0.9)]


def test_each_fingerprint_has_a_shortlist_of_its_own() -> None:
    # The match is crowded out of the first fingerprint's two places and stays in the second's.
    reference = candidates(*[[(5, 0.4, 0.5), MISSING, MISSING]] * 2)
    block = candidates([(1, 0.1, 0.1), (2, 0.2, 0.2)], [(3, 0.9, 0.3), MISSING])
    evidence = make_evidence(reference, [[0.0, INF, INF]] * 2, block, rows_per_query=2)
    assert evidence.ranks(range(1), 0.25).tolist() == [0]
