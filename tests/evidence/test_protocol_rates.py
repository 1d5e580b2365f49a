"""Rates have the names of the authors' scripts, and curves count by the rules of the run."""

import numpy as np
import pytest

from fpbench.evidence.protocol_evidence import ProtocolEvidence
from fpbench.evidence.protocol_rates import (
    ProtocolLabels,
    count_near_starts,
    protocol_curves,
    protocol_rates,
)

STARTS = np.array([[7, 9, 8, -1], [-1, -1, -1, -1], [9, 12, 13, 8]])
TRUTH = np.array([8, 0, 8])


@pytest.mark.parametrize(
    ("metric", "hits"),
    [
        ("top1_exact", [False, False, False]),
        ("top1_near", [True, False, True]),
        ("top3_exact", [True, False, False]),
        ("top10_exact", [True, False, True]),
        ("top1_within_4", [True, False, True]),
    ],
)
def test_hits_are_near_enough_among_the_first(metric: str, hits: list[bool]) -> None:
    assert count_near_starts(STARTS, TRUTH, metric).tolist() == hits


def test_a_place_without_a_start_is_near_nothing() -> None:
    assert not count_near_starts(np.array([[-1]]), np.array([0]), "top1_near").any()


def test_metrics_of_tracks_are_not_about_starts() -> None:
    with pytest.raises(ValueError, match="track"):
        count_near_starts(STARTS, TRUTH, "track")


def evidence() -> ProtocolEvidence:
    """Ten queries from five tracks; one metric that the script counts wrongly."""
    shape = (1, 10, 2)
    found = np.zeros(shape, dtype=bool)
    found[0, :4, 0] = found[0, :, 1] = True
    return ProtocolEvidence(
        query_track=np.arange(10) // 2,
        test_ids=np.arange(10),
        segments=np.array([1, 3]),
        sizes=np.array([100]),
        truth=np.full((1, 10), -1),
        starts=np.full((*shape, 10), -1),
        scores=np.full((*shape, 10), -np.inf, dtype=np.float32),
        candidates=np.zeros(shape, dtype=np.int32),
        hits={("right", "track"): found, ("official", "track"): ~found},
    )


LABELS = ProtocolLabels(
    distractors="real",
    index="l2",
    query_lengths_s=(1.0, 2.0),
    n_reference=20,
    hop_s=0.5,
    rules="right",
)


def test_a_curve_for_each_length_and_metric() -> None:
    curves = protocol_curves(evidence(), LABELS)
    shown = [(c.metric, c.tolerance_s, c.query_length_s, c.points[0].value) for c in curves]
    assert shown == [("hr@1", None, 1.0, 0.4), ("hr@1", None, 2.0, 1.0)]
    point = curves[0].points[0]
    assert (point.n_distractors, point.n_queries) == (100, 10)
    assert point.hours == pytest.approx(120 * 0.5 / 3600)
    assert point.ci.low < 0.4 < point.ci.high


def test_rates_are_by_both_rules() -> None:
    found = [(r.rules, r.segments, r.value) for r in protocol_rates(evidence(), LABELS)]
    assert found == [
        ("right", 1, 0.4), ("right", 3, 1.0), ("official", 1, 0.6), ("official", 3, 0.0)
    ]  # fmt: skip
