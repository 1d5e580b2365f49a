"""Blocks end at every size, are short, and are many where sizes are small."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpbench.evidence.block_edges import LONGEST_BLOCK, block_edges, search_edges
from fpbench.evidence.evidence import disjoint_databases


def test_blocks_of_a_hundred_million_are_few_and_repeat_small_sizes_ten_times() -> None:
    edges = block_edges([10**n for n in range(4, 9)])
    assert len(edges) - 1 == 118
    for size in (10**4, 10**5, 10**6):
        assert set(range(0, 10 * size + 1, size)) <= set(edges)
        assert len(disjoint_databases(np.array(edges), size)) >= 10


def test_a_smallest_size_that_divides_no_other_size_makes_no_short_blocks() -> None:
    assert block_edges([60, 10_000, 100_000]) == [0, 60, *range(10_000, 110_000, 10_000)]


@given(st.lists(st.integers(1, 10**8), min_size=1, max_size=6))
def test_blocks_end_at_every_size_and_stay_short(sizes: list[int]) -> None:
    sizes = [*sizes, max(sizes) // 1_000 + 1]
    edges = block_edges(sizes)
    assert set(sizes) <= set(edges)
    assert edges[0] == 0
    assert edges[-1] == max(sizes)
    assert all(0 < b - a <= LONGEST_BLOCK for a, b in pairwise(edges))
    assert len(edges) < 2_500


def test_refuses_a_size_below_one() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        block_edges([0, 10])


@pytest.mark.parametrize("sizes", [[10**4, 10**5, 10**6], [10**4, 10**6], [10**8]])
def test_many_blocks_are_enough_for_what_is_beyond(sizes: list[int]) -> None:
    assert search_edges(sizes, beyond=True) == block_edges(sizes)


@pytest.mark.parametrize("size", [200, 5_000, 1_000_000, 612_345])
def test_a_single_size_is_searched_in_parts_if_curves_go_on_beyond_it(size: int) -> None:
    assert search_edges([size], beyond=False) == [0, size]
    edges = search_edges([size], beyond=True)
    assert edges[0] == 0
    assert edges[-1] == size
    assert 10 <= len(edges) - 1 <= 11
    assert any(size / 20 < edge <= size / 10 for edge in edges)
    assert set(block_edges([size])) <= set(edges)
