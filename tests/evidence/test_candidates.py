"""Merged candidates of the parts are the candidates of the whole, in one total order."""

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


def candidates(ids: list[int], keys: list[float]) -> Candidates:
    """Candidates of one query; scores are negated keys."""
    exact = np.array([keys], dtype=np.float32)
    return Candidates(np.array([ids]), exact, -exact)


def test_an_empty_database_has_no_candidates() -> None:
    empty = empty_candidates(2, 3)
    assert empty.ids.tolist() == [[-1] * 3] * 2
    assert empty.keys.tolist() == [[INF] * 3] * 2
    assert empty.scores.tolist() == [[-INF] * 3] * 2


def test_the_smallest_keys_of_both_stay_and_at_equal_keys_the_first() -> None:
    merged = merge_candidates(candidates([4, 7], [1.0, 3.0]), candidates([20, 30], [1.0, 2.0]))
    assert merged.ids.tolist() == [[4, 20]]
    assert merged.keys.tolist() == [[1.0, 1.0]]
    assert merged.scores.tolist() == [[-1.0, -1.0]]


def test_a_missing_candidate_comes_after_every_other() -> None:
    merged = merge_candidates(empty_candidates(1, 2), candidates([5, -1], [9.0, INF]))
    assert merged.ids.tolist() == [[5, -1]]


@given(keys=st.lists(KEYS, min_size=1, max_size=12), k=st.integers(1, 12))
def test_the_order_is_that_of_a_stable_sort(keys: list[float], k: int) -> None:
    row = np.array([keys], dtype=np.float32)
    columns = smallest_columns(row, min(k, len(keys)))
    expected = np.argsort(row, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(columns, expected)


def test_keys_that_are_zero_are_equal_whatever_their_sign() -> None:
    keys = np.array([[0.0, -0.0], [-0.0, 0.0]], dtype=np.float32)
    assert smallest_columns(keys, 2).tolist() == [[0, 1], [0, 1]]


def test_a_rank_counts_candidates_with_at_least_the_same_score() -> None:
    scores = np.array([[0.9, 0.5, 0.5, 0.1]] * 4, dtype=np.float32)
    match = np.zeros((4, 4), dtype=bool)
    match[0, 0] = match[1, 1] = match[2, 3] = True
    assert best_match_rank(scores, match).tolist() == [0, 2, 3, 4]


def test_of_several_matches_the_best_counts() -> None:
    scores = np.array([[0.9, 0.5, 0.7]], dtype=np.float32)
    assert best_match_rank(scores, np.array([[False, True, True]])).tolist() == [1]


def test_an_empty_shortlist_holds_no_match() -> None:
    none = np.zeros((2, 0), dtype=np.float32)
    assert best_match_rank(none, np.zeros((2, 0), dtype=bool)).tolist() == [0, 0]
