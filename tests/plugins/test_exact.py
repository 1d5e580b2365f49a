"""Exact search gives the answer of a float32 scan of every pair, and nothing changes its bytes."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fpbench import BlockIndex, Candidates, FpbenchError, Settings, Vectors
from fpbench.plugin.resident_indexes import ResidentIndex
from fpbench.search.scores import sum_by_halves
from fpbench_plugins.building_blocks.compute.sieve import sieve_error
from fpbench_plugins.exact import create

DTYPES = ("float32", "bfloat16")


def exact(dtype: str) -> BlockIndex:
    return create(Settings(options={"sieve": dtype}))


def unit(n: int, dim: int, rng: np.random.Generator) -> Vectors:
    x = rng.standard_normal((n, dim), dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def pieces(rows: Vectors, length: int) -> Iterator[Vectors]:
    for start in range(0, len(rows), length):
        yield rows[start : start + length]


def scan(queries: Vectors, rows: Vectors, k: int) -> Candidates:
    """Every pair, one way, sorted by (-score, id)."""
    scores = sum_by_halves(queries[:, None, :] * rows[None])
    order = np.lexsort((np.broadcast_to(np.arange(len(rows)), scores.shape), -scores))[:, :k]
    best = np.take_along_axis(scores, order, axis=1)
    short = ((0, 0), (0, k - order.shape[1]))
    best = np.pad(best, short, constant_values=-np.inf)
    return Candidates(np.pad(order, short, constant_values=-1), -best, best)


def assert_same(a: Candidates, b: Candidates) -> None:
    np.testing.assert_array_equal(a.ids, b.ids)
    assert a.scores.tobytes() == b.scores.tobytes()
    assert a.keys.tobytes() == b.keys.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.slow
def test_finds_what_a_scan_of_every_pair_finds(dtype: str, rng: np.random.Generator) -> None:
    queries, rows = unit(70, 128, rng), unit(3_000, 128, rng)
    assert_same(exact(dtype).search(queries, pieces(rows, 1_000), 20), scan(queries, rows, 20))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", [1, 7, 20, 333, 3_000])
def test_chunks_do_not_change_a_byte(dtype: str, length: int, rng: np.random.Generator) -> None:
    queries, rows = unit(9, 32, rng), unit(700, 32, rng)
    assert_same(exact(dtype).search(queries, pieces(rows, length), 5), scan(queries, rows, 5))


@hypothesis_settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    dtype=st.sampled_from(DTYPES),
    queries=st.integers(0, 5),
    rows=st.integers(0, 150),
    dim=st.integers(1, 9),
    k=st.integers(1, 12),
    levels=st.integers(1, 4),
)
def test_ties_zeros_and_long_rows_are_ranked_by_score_then_row(
    *, seed: int, dtype: str, queries: int, rows: int, dim: int, k: int, levels: int
) -> None:
    # Few distinct coordinates make ties the rule; lengths differ, some are 0.
    rng = np.random.default_rng(seed)
    q = rng.integers(-levels, levels, (queries, dim), endpoint=True).astype(np.float32) / 3
    x = rng.integers(-levels, levels, (rows, dim), endpoint=True).astype(np.float32) / 7
    x[rows // 2 :] *= 5
    assert_same(exact(dtype).search(q, pieces(x, 40), k), scan(q, x, k))


@pytest.mark.parametrize("dtype", DTYPES)
def test_near_copies_closer_than_bfloat16_can_see_are_told_apart(
    dtype: str, rng: np.random.Generator
) -> None:
    queries = unit(4, 128, rng)
    rows = np.repeat(queries, 400, axis=0) + 1e-5 * unit(1_600, 128, rng)
    assert_same(exact(dtype).search(queries, pieces(rows, 500), 10), scan(queries, rows, 10))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_products_stay_within_the_error_bound(dtype: torch.dtype) -> None:
    torch_rng = torch.Generator().manual_seed(0)
    q = torch.nn.functional.normalize(torch.randn(200, 128, generator=torch_rng), dim=1)
    x = torch.cat([q, torch.nn.functional.normalize(q + 0.01, dim=1)])
    coarse = q.to(dtype).double() @ x.to(dtype).double().T
    away = (coarse - q.double() @ x.double().T).abs().amax(dim=1)
    assert bool((away <= sieve_error(q, dtype)).all())


def test_more_wanted_than_there_are_leaves_fillers(rng: np.random.Generator) -> None:
    found = exact("float32").search(unit(2, 8, rng), pieces(unit(3, 8, rng), 2), 5)
    np.testing.assert_array_equal(found.ids[:, 3:], -1)
    np.testing.assert_array_equal(found.scores[:, 3:], -np.inf)
    np.testing.assert_array_equal(found.keys[:, 3:], np.inf)


def test_refuses_a_query_that_is_not_a_number(rng: np.random.Generator) -> None:
    queries = unit(3, 8, rng)
    queries[1, 4] = np.nan
    with pytest.raises(FpbenchError, match="query 1 is not finite"):
        exact("float32").search(queries, iter([]), 1)


def test_refuses_a_row_that_is_not_a_number(rng: np.random.Generator) -> None:
    rows = unit(30, 8, rng)
    rows[25, 0] = np.inf
    with pytest.raises(FpbenchError, match="row 25"):
        exact("bfloat16").search(unit(2, 8, rng), pieces(rows, 10), 1)


def test_leaves_its_arguments_alone(rng: np.random.Generator) -> None:
    queries, rows = unit(3, 16, rng), unit(50, 16, rng)
    copies = queries.copy(), rows.copy()
    exact("bfloat16").search(queries, pieces(rows, 20), 4)
    np.testing.assert_array_equal(queries, copies[0])
    np.testing.assert_array_equal(rows, copies[1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_that_are_kept_are_searched_like_others(dtype: str, rng: np.random.Generator) -> None:
    queries, rows = unit(5, 16, rng), unit(600, 16, rng)
    index = exact(dtype)
    assert isinstance(index, ResidentIndex)
    index.keep(pieces(rows, 250))
    assert_same(index.search_kept(queries, 20), scan(queries, rows, 20))
    assert_same(index.search_kept(queries[:1], 20), scan(queries[:1], rows, 20))
    assert index.bytes_per_fingerprint() == 4 * 16
