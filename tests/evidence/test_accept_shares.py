"""Shares of false accepts are refused where too few independent queries are behind them."""

import numpy as np
import pytest

from fpbench.evidence.accept_shares import DET_SHARES, SHARES, AcceptShares
from fpbench.evidence.decisions import Decisions, Parts, Scores


def shares_of(impostor: np.ndarray, cluster: np.ndarray) -> AcceptShares:
    scores = impostor[None].astype(np.float32)
    parts = Parts.of_clusters(cluster)
    return AcceptShares.of(Decisions.of(Scores(scores, scores), parts), parts.count)


def test_independent_queries_need_ten_behind_a_share() -> None:
    # Scores go round the groups, so that every group has the same share of high ones.
    found = shares_of(np.arange(1_000.0), np.arange(1_000) % 10)
    assert [share for share in found.allowed if share in SHARES] == [0.01, 0.1]
    (refused,) = found.refused
    assert refused.false_accepts == 0.001
    assert (refused.effective_queries, refused.needed_queries) == (1_000, 10_000)
    assert found.smallest == 0.01


def test_queries_of_one_group_that_are_alike_count_as_one() -> None:
    # All of a group have the same score, so the queries of 80 groups say as much as 80.
    found = shares_of(np.repeat(np.arange(80.0), 10) // 4, np.repeat(np.arange(80), 10))
    assert found.allowed[0] == 0.15
    assert [one.false_accepts for one in found.refused] == [0.1, 0.01, 0.001]
    # The variance of a mean over 80 groups is p (1 - p) / 79.
    assert found.refused[0].effective_queries == pytest.approx(79)
    assert found.refused[0].needed_queries == 1_013  # 800 / 79 times a hundred


def test_too_few_groups_say_nothing_of_how_alike_their_queries_are() -> None:
    found = shares_of(np.repeat(np.arange(4.0), 250), np.repeat(np.arange(4), 250))
    assert found.smallest == 0.01


def test_a_curve_has_points_at_the_shares_of_tables() -> None:
    assert set(SHARES) <= set(DET_SHARES)
    assert list(DET_SHARES) == sorted(DET_SHARES)
