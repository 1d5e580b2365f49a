"""Hit rates corrected for few tracks of distractors, against all databases counted one by one."""

from dataclasses import replace
from itertools import combinations
from math import comb

import numpy as np
import pytest

from fpbench import Candidates
from fpbench.evidence.distractor_tracks import DistractorTracks
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.few_tracks import (
    ClusteredDistractors,
    FewTracks,
    few_tracks,
    hit_probabilities,
)
from fpbench.evidence.hit_rates import CurveLabels, hit_rate_curves

TRACKS = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
# Which of the ten distractors score above the match of each of three queries.
ABOVE = [{0, 1, 2}, {5}, {6, 7}]


def make_evidence(above: list[set[int]] = ABOVE, **changes: object) -> Evidence:
    """An exact search of two blocks of five distractors; every match is first in the reference."""
    scores = np.array([[0.9 if row in rows else 0.1 for row in range(10)] for rows in above])

    def candidates(some: np.ndarray) -> Candidates:
        order = np.argsort(-some, axis=1, kind="stable")
        exact = np.take_along_axis(some, order, axis=1).astype(np.float32)
        return Candidates(order, -exact, exact)

    queries = len(above)
    evidence = Evidence(
        query_track=np.arange(queries),
        reference=candidates(np.tile([[0.5, 0.0, 0.0, 0.0, 0.0, 0.0]], (queries, 1))),
        distance_s=np.tile([[0.0, *[np.inf] * 5]], (queries, 1)),
        match_score=np.full(queries, 0.5, dtype=np.float32),
        edges=np.array([0, 5, 10]),
        blocks=[candidates(scores[:, :5]), candidates(scores[:, 5:])],
        distractor_tracks=DistractorTracks(track=TRACKS),
    )
    return replace(evidence, **changes)


def rate_by_counting(rows: list[int], size: int, k: int) -> float:
    """HR@k, mean over all databases of some rows."""
    hits = [
        len(above & set(database)) < k for database in combinations(rows, size) for above in ABOVE
    ]
    return sum(hits) / len(hits)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("size", [2, 5, 8])
def test_the_excess_is_that_of_all_databases_with_one_track_left_out(size: int, k: int) -> None:
    found = few_tracks(make_evidence(), 0.25)
    assert found is not None
    excess = found.excesses(size)[k]
    every = list(range(10))
    whole = rate_by_counting(every, size, k)
    without = [
        rate_by_counting([row for row in every if TRACKS[row] != track], size, k)
        for track in range(5)
    ]
    assert excess.value == pytest.approx(3 / 2 * 4 * (np.mean(without) - whole))
    apart = np.array(without) - np.mean(without)
    assert excess.error == pytest.approx(3 / 2 * np.sqrt(4 / 5 * (apart**2).sum()))
    assert excess.parts == 5


def test_nearly_all_distractors_have_the_excess_of_a_few_less() -> None:
    found = few_tracks(make_evidence(), 0.25)
    assert found is not None
    assert found.excesses(10) == found.excesses(8)


def test_probabilities_are_hypergeometric() -> None:
    (hits,) = hit_probabilities(np.array([12.0]), 5, 4)
    for above in range(5):
        for allowed in range(3):
            ways = sum(comb(above, n) * comb(12 - above, 5 - n) for n in range(allowed + 1))
            assert hits[above, allowed] == pytest.approx(ways / comb(12, 5))


def test_groups_are_left_out_where_they_are_known() -> None:
    group = np.array([0, 1, 2, 3, 4, 5, 0, 1, 2, 3])
    tracks = DistractorTracks(track=np.arange(10), group=group)
    assert (tracks.tracks, tracks.groups) == (10, 6)
    assert ClusteredDistractors.of(tracks).rows.tolist() == [2, 2, 2, 2, 1, 1]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"distractor_tracks": None}, id="synthetic, or older"),
        pytest.param(
            {"distractor_tracks": DistractorTracks(track=np.repeat([0, 1], 5))}, id="few tracks"
        ),
        pytest.param(
            {"blocks": [replace(one, keys=one.keys + 1) for one in make_evidence().blocks]},
            id="not exact",
        ),
    ],
)
def test_other_evidence_is_not_corrected(changes: dict[str, object]) -> None:
    assert few_tracks(make_evidence(**changes), 0.25) is None


def test_a_corrected_rate_is_nearer_to_that_of_many_tracks() -> None:
    # All four fingerprints of a track are above a match, or none. Each is with the same chance, so
    # the true rate among fingerprints of as many tracks is known.
    rng = np.random.default_rng(3)
    queries, tracks, chance = 2_000, 40, 0.003
    alike = rng.random((queries, tracks)) < chance
    track = np.repeat(np.arange(tracks), 4)
    above = np.repeat(alike, 4, axis=1)
    scores = np.where(above, 0.9, 0.1).astype(np.float32)
    order = np.argsort(-scores, axis=1, kind="stable")
    ordered = np.take_along_axis(scores, order, axis=1)
    base = make_evidence([set()] * queries)
    evidence = replace(
        base,
        edges=np.array([0, 160]),
        blocks=[Candidates(order[:, :20], -ordered[:, :20], ordered[:, :20])],
        distractor_tracks=DistractorTracks(track=track),
    )
    found = few_tracks(evidence, 0.25)
    assert isinstance(found, FewTracks)
    excess = found.excesses(120)[1]
    truth = (1 - chance) ** 120
    plain = np.mean([comb(160 - n, 120) / comb(160, 120) for n in above.sum(axis=1).tolist()])
    assert plain - truth > 0.05
    assert abs(plain - excess.value - truth) < (plain - truth) / 2
    assert abs(plain - excess.value - truth) < excess.half_width(0.95)


def test_points_of_real_distractors_are_corrected() -> None:
    labels = CurveLabels(
        distractors="real",
        index="exact",
        tolerance_s=0.25,
        query_length_s=1.0,
        n_reference=6,
        hop_s=0.5,
        seed=0,
    )
    evidence = make_evidence(query_group=np.array([0, 1, 2]))
    curve, *_ = hit_rate_curves(evidence, [5, 10], labels)
    assert (curve.distractor_tracks, curve.distractor_groups) == (5, None)
    for point in curve.points:
        assert point.corrected is not None
        rate = max(0.0, point.value - point.corrected.excess)
        assert point.corrected.value == pytest.approx(rate)
        assert (point.corrected.low, point.corrected.high) == (0.0, 1.0)  # of three queries
        assert "distractor tracks" in point.corrected.method
    alone, *_ = hit_rate_curves(evidence, [0], labels)
    assert alone.points[0].corrected is None
