"""A score depends on its two vectors alone, to the last bit."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fpbench.search.scores import FLOATS_AT_ONCE, paired_products, products_at, sum_by_halves


@pytest.mark.parametrize(
    ("row", "total"),
    [
        pytest.param([7], 7, id="one"),
        # Halves first: (1e8 - 1e8) + (1 + 1). From left to right it would be 1.
        pytest.param([1e8, 1, -1e8, 1], 2, id="even"),
        # An odd one out is added to the first: ((1e8 - 1e8) + 1) + (1 + 1).
        pytest.param([1e8, 1, -1e8, 1, 1], 3, id="odd"),
    ],
)
def test_halves_are_added_to_each_other(row: list[float], total: float) -> None:
    assert sum_by_halves(np.array([row], dtype=np.float32)).tolist() == [total]


def test_the_summands_are_not_changed() -> None:
    products = np.array([[1, 2, 3, 4, 5]], dtype=np.float32)
    sum_by_halves(products)
    assert products.tolist() == [[1, 2, 3, 4, 5]]


@given(seed=st.integers(0, 2**32 - 1), dim=st.integers(1, 40))
def test_numpy_and_torch_give_the_same_bits(seed: int, dim: int) -> None:
    products = np.random.default_rng(seed).standard_normal((3, dim), dtype=np.float32)
    scores = sum_by_halves(torch.from_numpy(products)).numpy()
    np.testing.assert_array_equal(scores, sum_by_halves(products))
    np.testing.assert_allclose(scores, products.astype(np.float64).sum(axis=1), atol=1e-5)


def test_a_pair_scores_the_same_alone_and_among_others(rng: np.random.Generator) -> None:
    a, b = rng.standard_normal((2, 300, 128), dtype=np.float32)
    together = paired_products(a, b)
    for i in (0, 150, 299):
        assert paired_products(a[i : i + 1], b[i : i + 1])[0] == together[i]


def test_each_query_is_scored_with_its_own_rows() -> None:
    queries = np.array([[1, 0], [0, 2]], dtype=np.float32)
    rows = np.array([[3, 4], [5, 6], [7, 8]], dtype=np.float32)
    scores = products_at(queries, rows, np.array([[2, 0, -1], [-1, -1, 1]]))
    assert scores.tolist() == [[7, 3, -np.inf], [-np.inf, -np.inf, 12]]


def test_no_rows_are_no_scores() -> None:
    queries, rows = np.ones((2, 3), dtype=np.float32), np.ones((0, 3), dtype=np.float32)
    assert products_at(queries, rows, np.full((2, 1), -1)).tolist() == [[-np.inf]] * 2


def test_more_pairs_than_are_held_at_once_are_all_scored() -> None:
    dim = 1_024
    queries = np.zeros((FLOATS_AT_ONCE // dim + 5, dim), dtype=np.float32)
    queries[:, 0] = np.arange(len(queries))
    ids = np.zeros((len(queries), 1), dtype=np.int64)
    scores = products_at(queries, np.full((1, dim), 2, dtype=np.float32), ids)
    np.testing.assert_array_equal(scores[:, 0], 2 * queries[:, 0])
