"""The two rates of wrong decisions, counted by hand."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from fpbench.evidence.decisions import Decisions, Parts, Scores
from fpbench.evidence.evidence import Evidence


def decide(genuine: Sequence[float], impostor: Sequence[float]) -> Decisions:
    scores = [np.array([one], dtype=np.float32) for one in (genuine, impostor)]
    return Decisions.of(Scores(*scores), Parts.of_clusters(np.arange(len(genuine))))


@pytest.fixture
def decisions() -> Decisions:
    """Ten queries; the last three do not find their match first."""
    return decide(
        [0.9, 0.8, 0.8, 0.7, 0.6, 0.5, 0.4, -np.inf, -np.inf, -np.inf],
        [0.1, 0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.65, 0.75],
    )


def test_a_threshold_accepts_at_most_the_wanted_share(decisions: Decisions) -> None:
    for share, accepted, rejected in ((0.1, 0.1, 0.6), (0.2, 0.2, 0.5), (0.25, 0.2, 0.5)):
        threshold = decisions.threshold(share)
        assert decisions.false_accepts(threshold) == pytest.approx(accepted)
        # Between the accepted impostor and the next one, only genuine scores above it pass.
        assert decisions.rejects_at([share]) == pytest.approx([rejected])


def test_equal_scores_of_impostors_are_accepted_together_or_not_at_all() -> None:
    equal = decide([0.5] * 4, [0.5] * 4)
    assert equal.false_accepts(equal.threshold(0.5)) == 0
    assert equal.rejects_at([0.5]) == [1]


def test_the_equal_error_rate_is_where_both_rates_meet(decisions: Decisions) -> None:
    # At 0.5, four impostors of ten are accepted and four genuine scores are rejected.
    assert decisions.equal_error_rate() == pytest.approx(0.4)


def test_a_part_is_left_out_of_both_rates(decisions: Decisions) -> None:
    without = decisions.without(9)  # the impostor of 0.75, and a query that is not found
    assert without.trials == 9
    assert without.false_accepts(0.5) == pytest.approx(3 / 9)
    accepted, trials = without.accepted_by_part(0.5)
    np.testing.assert_array_equal(accepted, [0, 0, 0, 0, 0, 0, 1, 1, 1, 0])
    np.testing.assert_array_equal(trials, [1] * 9 + [0])


def test_the_impostor_is_the_best_distractor_or_the_best_other_track(
    evidence_of: Callable[..., Evidence],
) -> None:
    # Matches score 0.5; of the distractors, as many score 0.9 as are better, the others 0.1.
    evidence = evidence_of([[0, 1, 0, 0], [0, 0, 0, 0]], track=[0, 1, 2, 3])
    foreign = np.array([0.7, 0.2, 0.05, -np.inf], dtype=np.float32)
    evidence = replace(evidence, foreign_score=foreign)
    alone = Scores.of_evidence(evidence, 0, 0.25)
    np.testing.assert_allclose(alone.genuine, [[0.5, 0.5, 0.5, 0.5]])
    np.testing.assert_allclose(alone.impostor, [[0.7, 0.2, 0.05, -np.inf]])
    ten = Scores.of_evidence(evidence, 10, 0.25)
    assert len(ten.genuine) == 2  # two databases of ten
    np.testing.assert_allclose(ten.impostor[0], [0.7, 0.9, 0.1, 0.1])
    np.testing.assert_allclose(ten.genuine[0], [0.5, -np.inf, 0.5, 0.5])


def test_nothing_is_wrong_above_the_best_impostor_where_no_match_scores_less() -> None:
    assert decide([0.6, 0.7, 0.8, 0.9], [0.1, 0.2, 0.3, 0.4]).equal_error_rate() == 0


def test_groups_are_counted_by_what_there_are_fewer_of() -> None:
    few, many = np.arange(60) // 20, np.arange(60) // 3
    assert Parts.of_clusters(many).groups == 20
    assert Parts.of_clusters(many, np.arange(6)).groups == 26
    # Queries are trials, too, but absent recordings are no queries.
    assert Parts.of_clusters(few, np.arange(6)).groups == 3
    assert Parts.of_clusters(many, few).groups == 23
    assert Parts.of_clusters(many, few).absent.groups == 3
