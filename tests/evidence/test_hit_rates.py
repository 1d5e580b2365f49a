"""Curves agree with ranks that are worked out by hand for four queries and two blocks."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from fpbench import Candidates
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.hit_rates import (
    CurveLabels,
    QueryHits,
    hit_rate_curves,
    hits_of_curves,
    pool_rises,
    ranks_at,
)
from fpbench.results.document import Curve, Point

LABELS = CurveLabels(
    distractors="real",
    index="exact",
    tolerance_s=0.25,
    query_length_s=1.0,
    n_reference=700,
    hop_s=0.5,
    seed=0,
)


@pytest.fixture
def evidence(evidence_of: Callable[..., Evidence]) -> Evidence:
    """Two blocks of ten; the last query's track is not in the reference."""
    return evidence_of([[0, 1, 1, None], [0, 0, 4, None]], track=[0, 0, 1, 1])


def points(curves: list[Curve], metric: str) -> list[Point]:
    (curve,) = (curve for curve in curves if curve.metric == metric)
    return list(curve.points)


def test_each_database_has_ranks_and_the_number_of_its_first_distractor(evidence: Evidence) -> None:
    ranks = {size: dict(ranks_at(evidence, size, 0.25)) for size in (0, 10, 20, 30)}
    plain = {size: {at: r.tolist() for at, r in each.items()} for size, each in ranks.items()}
    assert plain == {
        0: {0: [0, 0, 0, 10]},
        10: {0: [0, 1, 1, 10], 10: [0, 0, 4, 10]},
        20: {0: [0, 1, 5, 10]},
        30: {},
    }


def test_rates_are_means_over_queries_and_repeats(evidence: Evidence) -> None:
    curves = hit_rate_curves(evidence, [0, 10, 20], LABELS)
    rates = {c.metric: [point.value for point in c.points] for c in curves}
    assert rates == {
        "hr@1": [3 / 4, 3 / 8, 1 / 4],
        "hr@3": [3 / 4, 5 / 8, 2 / 4],
        "hr@10": [3 / 4, 3 / 4, 3 / 4],
    }


def test_the_standard_deviation_is_over_repeats(evidence: Evidence) -> None:
    # One quarter, then two: the sample standard deviation of two numbers is their gap over sqrt 2.
    at_sizes = points(hit_rate_curves(evidence, [0, 10, 20], LABELS), "hr@1")
    assert [point.repeats for point in at_sizes] == [1, 2, 1]
    assert [point.std for point in at_sizes] == [None, pytest.approx(0.25 / np.sqrt(2)), None]


def test_a_point_holds_the_size_of_its_database(evidence: Evidence) -> None:
    (point,) = points(hit_rate_curves(evidence, [20], LABELS), "hr@1")
    assert (point.n_distractors, point.n_reference, point.n_queries) == (20, 700, 4)
    assert point.hours == pytest.approx(720 * 0.5 / 3600)
    assert point.ci.level == 0.95
    assert 0 <= point.ci.low <= point.value <= point.ci.high <= 1


def test_a_curve_holds_its_index_and_its_tolerance(evidence: Evidence) -> None:
    for curve in hit_rate_curves(evidence, [10], LABELS):
        assert (curve.distractors, curve.index) == ("real", "exact")
        assert (curve.tolerance_s, curve.query_length_s) == (0.25, 1.0)


def test_a_point_does_not_depend_on_the_other_sizes(evidence: Evidence) -> None:
    alone = hit_rate_curves(evidence, [10], LABELS)
    among = hit_rate_curves(evidence, [0, 10, 20], LABELS)
    for metric in ("hr@1", "hr@3", "hr@10"):
        assert points(alone, metric) == points(among, metric)[1:2]


def test_a_curve_never_rises(evidence_of: Callable[..., Evidence]) -> None:
    # The database of 20 has no harder distractors than the first of 10, and the third is the worst.
    evidence = evidence_of([[0] * 4, [0] * 4, [3] * 4], track=[0, 0, 1, 1])
    assert len(dict(ranks_at(evidence, 10, 0.25))) == 3
    curves = hit_rate_curves(evidence, [10, 20, 30], LABELS)
    # 2 of 3, then 1 of 1: together 3 of 4.
    assert [point.value for point in points(curves, "hr@1")] == [3 / 4, 3 / 4, 0]
    assert [point.repeats for point in points(curves, "hr@1")] == [3, 1, 1]
    first = hit_rate_curves(evidence, [10, 20, 30], dataclasses.replace(LABELS, estimator=1))
    assert [point.value for point in points(first, "hr@1")] == [2 / 3, 1, 0]


def test_sizes_that_rise_are_taken_together() -> None:
    rates = [QueryHits(np.array([n]), 4) for n in (3, 1, 2, 2, 0)]
    assert [each.rate for each in pool_rises(rates)] == [3 / 4, 5 / 12, 5 / 12, 5 / 12, 0]
    assert [each.databases for each in pool_rises(rates)] == [4, 12, 12, 12, 4]


def test_the_hits_of_queries_give_the_rates_of_the_curve(evidence: Evidence) -> None:
    hits = hits_of_curves(evidence, [10, 20], 0.25)
    found = (hits[1, size] for size in (10, 20))
    assert [(each.hits.tolist(), each.databases) for each in found] == [
        ([2, 1, 0, 0], 2),
        ([1, 0, 0, 0], 1),
    ]


def test_one_track_has_no_narrow_interval(evidence_of: Callable[..., Evidence]) -> None:
    evidence = evidence_of([[0] * 5], track=[0] * 5)
    for estimator, low in ((1, 1.0), (2, 0.025), (3, 0.0)):
        labels = dataclasses.replace(LABELS, estimator=estimator)
        (point,) = points(hit_rate_curves(evidence, [10], labels), "hr@1")
        assert (point.value, point.ci.low, point.ci.high) == (1, pytest.approx(low), 1)


def test_the_seed_changes_older_intervals_only(
    evidence_of: Callable[..., Evidence],
) -> None:
    many = evidence_of([[0, 1, 0, 1, 1, 0, 1, 0]], track=list(range(8)))
    for estimator in (2, 3):
        labels = dataclasses.replace(LABELS, estimator=estimator)
        first, second = (
            points(hit_rate_curves(many, [10], dataclasses.replace(labels, seed=seed)), "hr@1")[0]
            for seed in (0, 1)
        )
        assert dataclasses.replace(first, ci=second.ci) == second
        assert first == second or estimator == 2


def test_an_index_that_grew_gives_one_database_of_each_size() -> None:
    def candidates(*scores: float) -> Candidates:
        exact = np.array([scores, scores[::-1]], dtype=np.float32)
        return Candidates(np.tile(np.arange(len(scores)), (2, 1)), -exact, exact)

    grown = GrownEvidence(
        query_track=np.array([0, 1]),
        match_score=np.zeros(2, dtype=np.float32),
        sizes=(10, 20),
        candidates=(candidates(0.9, 0.8, 0.7, 0.1), candidates(0.6, 0.8, 0.7, 0.1)),
        distances_s=(np.array([[0.0, *[np.inf] * 3]] * 2),) * 2,
    )
    # The match scores 0.9 and 0.1, then 0.6 and 0.1.
    curves = hit_rate_curves(grown, [10, 20], LABELS)
    assert [point.value for point in points(curves, "hr@1")] == [1 / 2, 0]
    assert [point.value for point in points(curves, "hr@3")] == [1 / 2, 1 / 2]
    assert [point.repeats for point in points(curves, "hr@1")] == [1, 1]


def test_intervals_are_over_groups_where_they_are_known(
    evidence_of: Callable[..., Evidence],
) -> None:
    # Twelve tracks of six artists; the tracks of an artist are alike.
    better = [[0, 0, 1, 1] * 3]
    evidence = evidence_of(better, track=list(range(12)))
    over_tracks = hit_rate_curves(evidence, [10], LABELS)[0].points[0]
    by_artist = dataclasses.replace(evidence, query_group=np.arange(12) // 2)
    over_groups = hit_rate_curves(by_artist, [10], LABELS)[0].points[0]
    assert over_groups.value == over_tracks.value == 0.5
    assert over_groups.ci.low < over_tracks.ci.low
    assert over_groups.ci.high > over_tracks.ci.high
    of_four = dataclasses.replace(evidence, query_group=np.arange(12) // 3)
    assert not hit_rate_curves(of_four, [10], LABELS)[0].points[0].ci.is_known
