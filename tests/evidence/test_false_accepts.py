"""Decisions by a threshold, against rates that are counted by hand."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from fpbench import Candidates
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.false_accepts import Decisions, measure_false_accepts
from fpbench.results.decisions import FalseAccepts


@pytest.fixture
def decisions() -> Decisions:
    """Ten queries; the last three do not find their match first."""
    genuine = np.array([[0.9, 0.8, 0.8, 0.7, 0.6, 0.5, 0.4, -np.inf, -np.inf, -np.inf]])
    impostor = np.array([[0.1, 0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.65, 0.75]])
    return Decisions(genuine.astype(np.float32), impostor.astype(np.float32))


def test_a_threshold_accepts_at_most_the_wanted_share(decisions: Decisions) -> None:
    for share, accepted, rejected in ((0.1, 0.1, 0.6), (0.2, 0.2, 0.5), (0.25, 0.2, 0.5)):
        threshold = decisions.threshold(share)
        assert decisions.false_accepts(threshold) == pytest.approx(accepted)
        # Between the accepted impostor and the next one, only genuine scores above it pass.
        assert decisions.false_rejects(threshold) == pytest.approx(rejected)


def test_equal_scores_of_impostors_are_accepted_together_or_not_at_all() -> None:
    scores = np.full((1, 4), 0.5, dtype=np.float32)
    decisions = Decisions(scores, scores)
    assert decisions.false_accepts(decisions.threshold(0.5)) == 0
    assert decisions.false_rejects(decisions.threshold(0.5)) == 1


def test_the_equal_error_rate_is_where_both_rates_meet(decisions: Decisions) -> None:
    # At 0.5, four impostors of ten are accepted and four genuine scores are rejected.
    assert decisions.equal_error_rate() == pytest.approx(0.4)


def make_evidence(
    evidence_of: Callable[..., Evidence], foreign: list[float], track: list[int]
) -> Evidence:
    """Matches score 0.5; of the distractors, as many score 0.9 as are better, the others 0.1."""
    better = [[0, 1, *([0] * (len(track) - 2))], [0, 0, *([0] * (len(track) - 2))]]
    evidence = evidence_of(better, track=track)
    return replace(evidence, foreign_score=np.array(foreign, dtype=np.float32))


def test_the_impostor_is_the_best_distractor_or_the_best_other_track(
    evidence_of: Callable[..., Evidence],
) -> None:
    evidence = make_evidence(evidence_of, [0.7, 0.2, 0.05, -np.inf], [0, 1, 2, 3])
    alone = Decisions.of_evidence(evidence, 0, 0.25)
    np.testing.assert_allclose(alone.genuine, [[0.5, 0.5, 0.5, 0.5]])
    np.testing.assert_allclose(alone.impostor, [[0.7, 0.2, 0.05, -np.inf]])
    ten = Decisions.of_evidence(evidence, 10, 0.25)
    assert len(ten.genuine) == 2  # two databases of ten
    np.testing.assert_allclose(ten.impostor[0], [0.7, 0.9, 0.1, 0.1])
    np.testing.assert_allclose(ten.genuine[0], [0.5, -np.inf, 0.5, 0.5])


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


@pytest.mark.slow
def test_intervals_cover_the_rates_of_the_population() -> None:
    """Tracks differ in how hard they are; the interval is for the population of tracks."""
    from fpbench.evidence.false_accepts import _Pair, _parts, _rate

    def draw(tracks: int, rng: np.random.Generator) -> tuple[Decisions, np.ndarray]:
        of_track = rng.normal(0, 0.05, tracks).repeat(20)
        genuine = (0.7 + of_track + rng.normal(0, 0.1, len(of_track))).astype(np.float32)
        impostor = (0.4 + of_track + rng.normal(0, 0.1, len(of_track))).astype(np.float32)
        return Decisions(genuine[None], impostor[None]), np.arange(tracks).repeat(20)

    population, _ = draw(20_000, np.random.default_rng(0))
    truth = population.equal_error_rate()
    covered = 0
    for trial in range(100):
        decisions, track = draw(40, np.random.default_rng([1, trial]))
        rate = _rate(_Pair.equal_error_rate, _Pair(decisions, decisions), _parts(track))
        assert rate.low is not None
        assert rate.high is not None
        covered += rate.low <= truth <= rate.high
    assert covered / 100 >= 0.88


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
