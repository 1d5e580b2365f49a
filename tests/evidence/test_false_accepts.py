"""Blocks of false accepts: shares, curves and intervals."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from fpbench import Candidates
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.false_accepts import measure_false_accepts
from fpbench.results.decisions import FalseAccepts


def make_evidence(
    evidence_of: Callable[..., Evidence], foreign: list[float], track: list[int]
) -> Evidence:
    """Matches score 0.5; of the distractors, as many score 0.9 as are better, the others 0.1."""
    better = [[0, 1, *([0] * (len(track) - 2))], [0, 0, *([0] * (len(track) - 2))]]
    evidence = evidence_of(better, track=track)
    return replace(evidence, foreign_score=np.array(foreign, dtype=np.float32))


def test_only_shares_with_ten_queries_behind_them_are_given(
    evidence_of: Callable[..., Evidence],
) -> None:
    few = make_evidence(evidence_of, [0.2] * 40, [0, 1, 2, 3] * 10)
    many = make_evidence(evidence_of, [0.2] * 1_000, [0, 1, 2, 3] * 250)
    shares = [
        [
            at.false_accepts
            for at in measure_false_accepts(
                evidence, [10], 0.25, index="exact", distractors="real"
            )[0].rejects
        ]
        for evidence in (few, many)
    ]
    assert shares == [[], [0.1, 0.01]]


def test_few_tracks_give_no_interval_and_older_evidence_gives_nothing(
    evidence_of: Callable[..., Evidence],
) -> None:
    evidence = make_evidence(evidence_of, [0.2, 0.6, 0.2, 0.6], [0, 1, 2, 3])
    (found,) = measure_false_accepts(evidence, [10], 0.25, index="exact", distractors="real")
    assert found.equal_error_rate.low is None
    older = replace(evidence, foreign_score=None)
    assert measure_false_accepts(older, [10], 0.25, index="exact", distractors="real") == []


def test_a_curve_has_every_share_that_is_allowed_with_its_interval(
    evidence_of: Callable[..., Evidence],
) -> None:
    evidence = make_evidence(evidence_of, [0.2, 0.6] * 100, list(range(200)))
    (found,) = measure_false_accepts(evidence, [10], 0.25, index="exact", distractors="real")
    assert found.det is not None
    curve = found.det
    lengths = {len(c) for c in (curve.false_accepts, curve.false_rejects, curve.low, curve.high)}
    assert lengths == {len(curve.false_accepts)}
    assert curve.false_accepts[0] == 0.05
    at = dict(zip(curve.false_accepts, curve.false_rejects, strict=True))
    # Half of the impostors score 0.6: below a share of a half, the threshold is above all matches.
    assert at[0.1] == 1
    assert at[0.6] == pytest.approx(0.01, abs=0.011)
    (at_ten,) = found.rejects
    assert (at_ten.false_accepts, at_ten.false_rejects.value) == (0.1, at[0.1])
    assert found.smallest_share == 0.1


def test_intervals_are_over_groups_where_they_are_known(
    evidence_of: Callable[..., Evidence],
) -> None:
    evidence = make_evidence(evidence_of, [0.7, 0.2, 0.05] * 40, list(range(120)))
    scores = evidence.reference.scores.copy()
    scores[:, 0] = np.linspace(0.2, 0.9, 120)  # higher in later groups
    reference = Candidates(evidence.reference.ids, -scores, scores)
    evidence = replace(evidence, reference=reference)

    def measure(evidence: Evidence) -> FalseAccepts:
        (found,) = measure_false_accepts(evidence, [10], 0.25, index="exact", distractors="real")
        return found

    over_tracks = measure(evidence)
    over_groups = measure(replace(evidence, query_group=np.arange(120) // 20))
    few = measure(replace(evidence, query_group=np.arange(120) // 30))
    assert over_tracks.method == "delete-a-group jackknife over tracks"
    assert over_groups.method == few.method == "delete-a-group jackknife over groups"
    assert over_groups.equal_error_rate.value == over_tracks.equal_error_rate.value
    assert over_groups.equal_error_rate.low is not None
    assert over_tracks.equal_error_rate.low is not None
    assert over_groups.equal_error_rate.low < over_tracks.equal_error_rate.low
    assert few.equal_error_rate.low is None  # of four groups
