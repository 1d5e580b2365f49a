"""The best few of several cells are the best few of all, in one total order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fpbench import Candidates
from fpbench.evidence.candidates import (
    best_match_rank,
    empty_candidates,
    merge_candidates,
    smallest_columns,
)

INF = np.inf
KEYS = st.floats(width=32, allow_nan=False) | st.sampled_from([0.0, -0.0, 1.0, -1.0, INF, -INF])


def cell(ids: list[int], keys: list[float]) -> Candidates:
    """Of one query; scores are negated keys."""
    exact = np.array([keys], dtype=np.float32)
    return Candidates(np.array([ids]), exact, -exact)


def test_searching_nothing_finds_nobody() -> None:
    nobody = empty_candidates(2, 3)
    assert nobody.ids.tolist() == [[-1] * 3] * 2
    assert nobody.keys.tolist() == [[INF] * 3] * 2
    assert nobody.scores.tolist() == [[-INF] * 3] * 2


def test_the_smallest_keys_of_both_stay_and_at_equal_keys_the_first() -> None:
    merged = merge_candidates(cell([4, 7], [1.0, 3.0]), cell([20, 30], [1.0, 2.0]))
    assert merged.ids.tolist() == [[4, 20]]
    assert merged.keys.tolist() == [[1.0, 1.0]]
    assert merged.scores.tolist() == [[-1.0, -1.0]]


def test_nobody_stays_only_where_there_is_nobody_else() -> None:
    merged = merge_candidates(empty_candidates(1, 2), cell([5, -1], [9.0, INF]))
    assert merged.ids.tolist() == [[5, -1]]


@given(keys=st.lists(KEYS, min_size=1, max_size=12), k=st.integers(1, 12))
def test_the_order_is_that_of_a_stable_sort(keys: list[float], k: int) -> None:
    row = np.array([keys], dtype=np.float32)
    found = smallest_columns(row, min(k, len(keys)))
    expected = np.argsort(row, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(found, expected)


def test_keys_that_are_zero_are_equal_whatever_their_sign() -> None:
    keys = np.array([[0.0, -0.0], [-0.0, 0.0]], dtype=np.float32)
    assert smallest_columns(keys, 2).tolist() == [[0, 1], [0, 1]]


def test_a_rank_counts_who_scores_at_least_as_much() -> None:
    scores = np.array([[0.9, 0.5, 0.5, 0.1]] * 4, dtype=np.float32)
    match = np.zeros((4, 4), dtype=bool)
    match[0, 0] = match[1, 1] = match[2, 3] = True
    assert best_match_rank(scores, match).tolist() == [0, 2, 3, 4]


def test_of_several_matches_the_best_counts() -> None:
    scores = np.array([[0.9, 0.5, 0.7]], dtype=np.float32)
    assert best_match_rank(scores, np.array([[False, True, True]])).tolist() == [1]


def test_a_shortlist_without_places_holds_no_match() -> None:
    none = np.zeros((2, 0), dtype=np.float32)
    assert best_match_rank(none, np.zeros((2, 0), dtype=bool)).tolist() == [0, 0]
