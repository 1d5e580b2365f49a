"""Two results are compared at the points and in the databases that both have."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fpbench.evidence.hit_rates import difference_of_hits
from fpbench.results.files import read_result
from fpbench.review.paired_points import Ranks, paired_hits, paired_ranks

RESULT = replace(
    read_result(Path(__file__).parents[1] / "golden" / "result_v1.json"), config={"sizes": [10, 20]}
)
(CURVE,) = RESULT.curves
(POINT,) = CURVE.points
TEN = replace(CURVE, points=(replace(POINT, n_distractors=10),), metric="hr@1", tolerance_s=0.25)


def test_hits_are_subtracted_query_by_query(evidence_of: Callable[..., Any]) -> None:
    first = evidence_of([[0, 0, 3], [0, 2, 3]], track=[0, 1, 2])
    second = evidence_of([[0, 1, 0], [1, 1, 3]], track=[0, 1, 2])
    ((curve, points, hits),) = paired_hits([(TEN, TEN)], (RESULT, RESULT), Ranks((first, second)))
    assert curve == TEN
    assert points == (TEN.points[0], TEN.points[0])
    difference, databases = difference_of_hits(*hits)
    assert (difference / databases).tolist() == [0.5, 0.5, -0.5]


def test_ranks_are_those_of_the_database_that_both_begin_with(
    evidence_of: Callable[..., Any],
) -> None:
    first, second = (evidence_of([[above, 0], [9, 9]], track=[0, 1]) for above in (1, 4))
    (ranks,) = paired_ranks([(TEN, TEN)], (RESULT, RESULT), Ranks((first, second)))
    assert ranks.n_distractors == (10, 10)
    np.testing.assert_array_equal(ranks.first, [1, 0])
    np.testing.assert_array_equal(ranks.second, [4, 0])


def test_sizes_that_only_one_has_are_left_out(evidence_of: Callable[..., Any]) -> None:
    evidence = evidence_of([[0], [0]], track=[0])
    twenty = replace(TEN, points=(replace(POINT, n_distractors=20),))
    pairs = [(TEN, twenty)]
    assert list(paired_hits(pairs, (RESULT, RESULT), Ranks((evidence, evidence)))) == []


def test_clusters_are_groups_if_one_of_the_two_knows_them(
    evidence_of: Callable[..., Any],
) -> None:
    old = evidence_of([[0] * 4], track=[0, 1, 2, 3])
    new = replace(old, query_group=np.array([0, 0, 2, 2]))
    renumbered = replace(old, query_group=np.array([5, 5, 1, 1]))
    assert Ranks((old, old)).clusters.tolist() == [0, 1, 2, 3]
    for pair in ((old, new), (new, old), (new, renumbered)):
        assert Ranks(pair).clusters.tolist() == [0, 0, 2, 2]
    assert Ranks((old, old), known=new).clusters.tolist() == [0, 0, 2, 2]
    third = evidence_of([[0] * 4], track=[0, 1, 2, 9])
    third = replace(third, query_group=np.array([0, 0, 2, 2]))
    assert Ranks((old, old), known=third).clusters.tolist() == [0, 1, 2, 3]
    other = replace(old, query_group=np.array([0, 1, 2, 2]))
    for pair in ((new, other), (other, new)):
        with pytest.raises(ValueError, match="tracks in different groups"):
            Ranks(pair)
