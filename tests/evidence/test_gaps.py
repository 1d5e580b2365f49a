"""Gaps are paired query by query and agree with the rates of the curves."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from fpbench.evidence.distractor_tracks import DistractorTracks
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.few_tracks import few_tracks
from fpbench.evidence.gaps import SearchedSizes, hit_rate_gaps
from fpbench.results.document import Gap


@pytest.fixture
def gaps(evidence_of: Callable[..., Evidence]) -> dict[tuple[str, int], Gap]:
    """Of 16 queries from 8 tracks; 30 real distractors and 20 synthetic ones, in blocks of 10."""
    track = [number // 2 for number in range(16)]
    # Real ones beat one query of each track; of two synthetic blocks, one beats a fourth of these.
    real = evidence_of([[0, 1] * 8, [0, 1] * 8, [0, 1] * 8], track=track)
    synthetic = evidence_of([[0, 1, 0, 0, 0, 0, 0, 0] * 2, [0] * 16], track=track)
    found = hit_rate_gaps(
        SearchedSizes(real, [10, 20, 30]),
        SearchedSizes(synthetic, [10, 20]),
        index="exact",
        tolerance_s=0.25,
        seed=0,
    )
    return {(gap.metric, gap.n_distractors): gap for gap in found}


def test_a_gap_is_the_difference_of_the_rates(gaps: dict[tuple[str, int], Gap]) -> None:
    assert gaps["hr@1", 10].value == (1 - 2 / 32) - 1 / 2
    assert gaps["hr@1", 20].value == (1 - 2 / 16) - 1 / 2
    assert gaps["hr@3", 20].value == 0
    assert {size for _, size in gaps} == {10, 20}  # the sizes of both


def test_an_interval_is_paired_and_has_a_width(gaps: dict[tuple[str, int], Gap]) -> None:
    gap = gaps["hr@1", 20]
    # Six tracks gain half a query, two none; either rate alone varies more.
    assert 0.15 <= gap.low < gap.value < gap.high <= 0.6
    equal = gaps["hr@3", 20]
    assert equal.low == -equal.high < 0


def test_an_interval_is_over_groups_where_they_are_known(
    evidence_of: Callable[..., Evidence],
) -> None:
    real, synthetic = (
        evidence_of([better], track=list(range(12))) for better in ([0, 0, 1, 1] * 3, [0] * 12)
    )

    def gap(real: Evidence) -> Gap:
        sides = SearchedSizes(real, [10]), SearchedSizes(synthetic, [10])
        return hit_rate_gaps(*sides, index="exact", tolerance_s=0.25, seed=0)[0]

    over_tracks, over_groups = gap(real), gap(replace(real, query_group=np.arange(12) // 2))
    assert over_groups.value == over_tracks.value
    assert over_groups.low < over_tracks.low < over_tracks.high < over_groups.high


def test_an_interval_has_the_error_of_few_tracks_of_distractors(
    evidence_of: Callable[..., Evidence],
) -> None:
    track = list(range(12))
    real, synthetic = (
        evidence_of([[0, 2, 0, 1] * 3, [1, 0, 0, 0] * 3], track=track),
        evidence_of([[0] * 12, [0] * 12], track=track),
    )

    def gap(real: Evidence) -> Gap:
        sides = SearchedSizes(real, [10]), SearchedSizes(synthetic, [10])
        return hit_rate_gaps(*sides, index="exact", tolerance_s=0.25, seed=0)[0]

    known = replace(real, distractor_tracks=DistractorTracks(track=np.arange(20) // 4))
    plain, wider, few = gap(real), gap(known), few_tracks(known, 0.25)
    assert few is not None
    half = few.excesses(10)[1].half_width(0.95)
    assert half > 0
    assert wider.value == plain.value
    assert wider.low == pytest.approx(plain.value - np.hypot(plain.value - plain.low, half))
    assert wider.high == pytest.approx(
        min(1, plain.value + np.hypot(plain.high - plain.value, half))
    )
    assert wider.method == f"{plain.method}, and error of few tracks of distractors"
