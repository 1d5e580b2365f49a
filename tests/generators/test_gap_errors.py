"""The error of a gap counts queries, real distractors and draws, each once."""

import math

import numpy as np
import pytest

from fpbench.generators.gap_errors import (
    ClusteredCounts,
    draw_blocks,
    gap_error,
    merge_clusters,
    perfect_gap,
)

NONE = np.zeros((6, 12))


def test_the_error_of_queries_is_over_their_groups() -> None:
    gap = np.repeat([1.0, 0.0], 6)
    # Twelve queries of which half lose: the standard error of a coin.
    alone = gap_error(gap, NONE, NONE, np.arange(12))
    assert alone == pytest.approx(0.5 / math.sqrt(11))
    # Six groups of two equal queries are six observations.
    assert gap_error(gap, NONE, NONE, np.arange(12) // 2) == pytest.approx(0.5 / math.sqrt(5))


def test_what_all_queries_have_in_common_is_added() -> None:
    # Leaving out each of six groups of distractors moves all queries by +-0.1.
    common = np.tile(np.array([0.1, -0.1] * 3)[:, None], 12)
    assert gap_error(np.zeros(12), common, NONE, np.arange(12)) == pytest.approx(
        math.sqrt(5 / 6 * 6 * 0.01)
    )
    both = gap_error(np.repeat([1.0, 0.0], 6), common, common, np.arange(12))
    assert both == pytest.approx(math.sqrt(0.25 / 11 + 2 * 0.05))


def test_what_distractors_do_to_single_queries_is_in_the_error_of_queries_already() -> None:
    # Each group of distractors matters for two queries, of which one gains and one loses.
    own = np.zeros((6, 12))
    for group in range(6):
        own[group, 2 * group : 2 * group + 2] = 0.5, -0.5
    gap = np.repeat([1.0, 0.0], 6)
    assert gap_error(gap, own, NONE, np.arange(12)) == gap_error(gap, NONE, NONE, np.arange(12))


@pytest.mark.parametrize(
    ("gap", "groups", "clusters"),
    [
        pytest.param(1.0, 6, np.arange(12) % 5, id="five-groups-of-queries"),
        pytest.param(1.0, 5, np.arange(12), id="five-groups-of-distractors"),
        pytest.param(0.0, 6, np.arange(12), id="no-difference-anywhere"),
    ],
)
def test_what_shows_no_error_has_none(gap: float, groups: int, clusters: np.ndarray) -> None:
    gaps = gap * (np.arange(12) % 2)
    assert gap_error(gaps, np.zeros((groups, 12)), NONE, clusters) is None


def test_a_left_out_group_is_compared_at_a_size_that_is_smaller_by_its_share() -> None:
    # Two groups of two: one distractor of the first is better. Half of four distractors are drawn:
    # with the group left out, one of two others; without, one of four.
    counts = ClusteredCounts(np.array([[1], [0]]), np.array([2, 2]))
    np.testing.assert_allclose(counts.hits([2], np.array([0])), [[0.5]])
    np.testing.assert_allclose(counts.influences(2, np.array([0])), [[0.25], [-0.25]])


def test_few_groups_make_a_perfect_generator_look_too_hard() -> None:
    # Each of six groups of four beats a query of its own with all its rows: among all 24, all six
    # queries lose; among 20 independent rows with as many better ones, most do.
    better = 4 * np.eye(6, dtype=np.int64)
    counts = ClusteredCounts(better, np.full(6, 4))
    found = perfect_gap(counts.influences(24, np.zeros(6, dtype=np.int64)))
    # Left out: 1 of 6 hits. Of the 24, 20 are drawn, and a query's 4 are all missing once in
    # C(24, 4) times.
    assert found == pytest.approx(-5 * (1 / 6 - 1 / math.comb(24, 4)))
    assert perfect_gap(np.zeros((5, 3))) is None


def test_tracks_are_put_together_until_they_are_few() -> None:
    assert len(np.unique(merge_clusters(np.arange(170) * 7))) == 50
    assert merge_clusters(np.array([5, 9, 5])).tolist() == [0, 1, 0]
    counts = ClusteredCounts(np.array([[1], [2], [4]]), np.array([10, 20, 30]))
    merged = counts.merge(np.array([0, 1, 0]))
    assert (merged.better.tolist(), merged.rows.tolist()) == ([[5], [2]], [40, 20])
    assert counts.select(np.array([2])).total == 30
    assert np.bincount(draw_blocks(50)).tolist() == [3] * 10 + [2] * 10
