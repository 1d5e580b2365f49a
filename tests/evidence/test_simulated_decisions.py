"""False accepts from tails whose probabilities are known exactly."""

from dataclasses import replace

import numpy as np
import pytest

from fpbench import Candidates
from fpbench.evidence.decisions import Decisions, Parts, Scores
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.false_accepts import measure_false_accepts
from fpbench.evidence.measured_rates import simulate_rates
from fpbench.evidence.simulated_decisions import DecisionTail, choose_thresholds
from fpbench.evidence.tails import Tail
from fpbench.results.decisions import FalseAccepts

QUERIES, BLOCK, SHORTLIST, REPLICATES = 200, 1_000, 20, 4
RATE = 40.0  # a distractor scores at least t with the probability exp(-RATE * t)


def make_evidence(blocks: int, match: np.ndarray, noise: float = 0.0) -> Evidence:
    """Evidence of distractors with exponential scores, and their exact tail.

    Args:
        blocks: Number of searched blocks.
        match: Score of each query's match.
        noise: Standard deviation of the logarithm of each replicate's probabilities.
    """
    rng = np.random.default_rng(5)
    found = []
    for _ in range(blocks):
        scores = -np.sort(-rng.exponential(1 / RATE, (QUERIES, BLOCK)), axis=1)[:, :SHORTLIST]
        ids = np.tile(np.arange(SHORTLIST), (QUERIES, 1))
        found.append(Candidates(ids, -scores.astype(np.float32), scores.astype(np.float32)))
    reference = np.full((QUERIES, SHORTLIST + 1), -1.0, dtype=np.float32)
    reference[:, 0] = match
    distance_s = np.full(reference.shape, np.inf)
    distance_s[:, 0] = 0.0
    evidence = Evidence(
        query_track=np.arange(QUERIES) // 10,
        reference=Candidates(
            np.tile(np.arange(SHORTLIST + 1), (QUERIES, 1)), -reference, reference
        ),
        distance_s=distance_s,
        match_score=reference[:, 0],
        edges=np.arange(blocks + 1) * BLOCK,
        blocks=found,
        foreign_score=np.full(QUERIES, -np.inf, dtype=np.float32),
    )
    thresholds = choose_thresholds(evidence, [None])
    shape = (QUERIES, len(thresholds), REPLICATES)
    log_p = np.broadcast_to(-RATE * thresholds[:, None], shape)
    errors = rng.normal(0, noise, (QUERIES, 1, REPLICATES)) - noise**2 / 2
    log_match = np.broadcast_to(-RATE * match[:, None, None], (QUERIES, 1, REPLICATES))
    tail = Tail(
        np.array([np.inf]),
        np.minimum(log_match.astype(np.float64), 0),
        thresholds,
        np.minimum(log_p + errors, 0).astype(np.float32),
    )
    return replace(evidence, tail=tail)


@pytest.fixture(scope="module")
def match() -> np.ndarray:
    return np.linspace(0.05, 1.0, QUERIES).astype(np.float32)


def tail_of(evidence: Evidence) -> DecisionTail:
    return DecisionTail(evidence=evidence, tolerance_s=None, parts=Parts.of_evidence(evidence))


@pytest.mark.parametrize("size", [10_000, 10**8, 10**12])
def test_rates_are_those_of_the_known_probabilities(match: np.ndarray, size: int) -> None:
    decisions = tail_of(make_evidence(2, match)).decisions(size)[0]
    # 1 - exp(-N exp(-RATE t)) = share
    for share in (0.5, 0.1, 0.01):
        threshold = np.log(size / -np.log1p(-share)) / RATE
        assert decisions.threshold(share) == pytest.approx(threshold, abs=3e-4)
        assert decisions.false_accepts(threshold) == pytest.approx(share, rel=0.03)
        rejected = 1 - np.exp(-size * np.exp(-RATE * match)) * (match >= threshold)
        assert decisions.rejects_at([share]) == pytest.approx([rejected.mean()], abs=0.006)


def test_simulated_rates_agree_with_searched_ones(match: np.ndarray) -> None:
    evidence = make_evidence(20, match)
    size, tail = 10 * BLOCK, tail_of(evidence)
    searched = Decisions.of(Scores.of_evidence(evidence, size, None), tail.parts)
    simulated = tail.decisions(size)[0]
    for share in (0.3, 0.1):
        assert simulated.threshold(share) == pytest.approx(searched.threshold(share), abs=0.01)
        (one,), (other,) = simulated.rejects_at([share]), searched.rejects_at([share])
        assert one == pytest.approx(other, abs=0.02)
    assert simulated.equal_error_rate() == pytest.approx(searched.equal_error_rate(), abs=0.02)


def test_a_better_row_of_another_track_is_accepted_at_every_size(match: np.ndarray) -> None:
    evidence = make_evidence(1, match)
    foreign = np.where(np.arange(QUERIES) % 4 == 0, 0.5, -np.inf).astype(np.float32)
    decisions = tail_of(replace(evidence, foreign_score=foreign)).decisions(1_000)[0]
    assert decisions.false_accepts(0.45) == pytest.approx(0.25, abs=1e-3)
    assert decisions.false_accepts(0.55) == pytest.approx(0, abs=1e-3)


def test_absent_queries_are_simulated_with_the_others_and_alone(match: np.ndarray) -> None:
    evidence = make_evidence(2, match)
    absent = replace(
        evidence,
        match_score=np.full(QUERIES, -np.inf, dtype=np.float32),
        foreign_score=np.full(QUERIES, 2.0, dtype=np.float32),  # above every threshold
    )
    both = replace(evidence, absent=absent)
    found = measure_false_accepts(
        both, [BLOCK], None, index="exact", distractors="synthetic", beyond=(10**6,)
    )
    for one in found:
        assert one.absent is not None
        assert (one.absent.queries, one.absent.recordings) == (QUERIES, QUERIES // 10)
        # All of them are accepted at every threshold, so everything else is rejected before.
        assert one.absent.equal_error_rate.value >= 0.49
        assert all(at.false_rejects.value == 1 for at in one.absent.rejects)
        # They are half of all trials.
        assert all(at.false_rejects.value == 1 for at in one.rejects)


def test_thresholds_that_the_tail_does_not_know_are_not_guessed(match: np.ndarray) -> None:
    evidence = make_evidence(2, match)
    assert evidence.tail is not None
    assert evidence.tail.thresholds is not None
    decisions = tail_of(evidence).decisions(BLOCK)[0]
    below, above = evidence.tail.thresholds[0] - 0.01, evidence.tail.thresholds[-1] + 0.01
    assert np.isnan(decisions.false_accepts(below))
    assert np.isnan(decisions.false_accepts(above))
    # Nearly all trials are accepted at the lowest threshold; where more should be, it is lower.
    assert np.isnan(decisions.rejects_at([0.99])).all()
    # Above the best match everything is rejected, wherever the threshold is.
    crowded = tail_of(evidence).decisions(10**19)[0]
    assert crowded.rejects_at([0.01]) == pytest.approx([1])


def test_blocks_hold_the_simulated_sizes_with_their_error(match: np.ndarray) -> None:
    def measure(evidence: Evidence) -> list[FalseAccepts]:
        return measure_false_accepts(
            evidence,
            [BLOCK],
            None,
            index="exact",
            distractors="synthetic",
            beyond=(4 * BLOCK, 10**9),
        )

    noisy, exact = make_evidence(2, match, noise=0.3), make_evidence(2, match)
    found = measure(noisy)
    assert [(one.n_distractors, one.found) for one in found] == [
        (1_000, "searched"),
        (1_000, "simulated"),
        (4_000, "simulated"),
        (10**9, "simulated"),
    ]
    rate, truth = found[2].accepts_at_smallest, measure(exact)[2].accepts_at_smallest
    assert rate is not None
    assert truth is not None
    assert rate.simulation_error is not None
    assert 0 < rate.simulation_error < 0.1 * rate.value
    assert rate.value == pytest.approx(truth.value, abs=4 * rate.simulation_error)
    assert truth.simulation_error == pytest.approx(0, abs=1e-12)
    # At the threshold of the smallest size everything is accepted by now.
    assert found[-1].accepts_at_smallest is not None
    assert found[-1].accepts_at_smallest.value == pytest.approx(1, abs=1e-3)


def test_an_older_tail_has_no_thresholds_and_gives_no_simulated_sizes(match: np.ndarray) -> None:
    evidence = make_evidence(1, match)
    assert evidence.tail is not None
    older = replace(evidence, tail=Tail(evidence.tail.tolerances_s, evidence.tail.log_p))
    found = measure_false_accepts(
        older, [BLOCK], None, index="exact", distractors="synthetic", beyond=(10**6,)
    )
    assert [one.found for one in found] == ["searched"]


def test_recordings_too_few_for_an_interval_have_none_at_any_size(match: np.ndarray) -> None:
    evidence = make_evidence(2, match)
    absent = replace(
        evidence,
        query_track=np.arange(QUERIES) % 3,
        match_score=np.full(QUERIES, -np.inf, dtype=np.float32),
    )
    found = measure_false_accepts(
        replace(evidence, absent=absent),
        [BLOCK],
        None,
        index="exact",
        distractors="synthetic",
        beyond=(4 * BLOCK,),
    )
    assert [one.found for one in found] == ["searched", "simulated", "simulated"]
    for one in found:
        assert one.equal_error_rate.low is not None
        assert one.absent is not None
        assert one.absent.equal_error_rate.low is None


def test_a_share_whose_threshold_only_some_samples_know_is_left_out(match: np.ndarray) -> None:
    tail = tail_of(make_evidence(2, match, noise=1.0))
    sizes = range(BLOCK, 5 * BLOCK, 4)
    size = next(n for n in sizes if tail.decisions(n)[0].threshold(0.9) > -np.inf)
    assert -np.inf in [sample.threshold(0.9) for sample in tail.decisions(size)[1]]
    smallest = tail.decisions(BLOCK)[0]
    measured = simulate_rates(tail, size, smallest, 0.1)
    assert measured is not None
    assert 0.9 not in measured.shares.allowed
    assert 0.5 in measured.shares.allowed
    assert np.isfinite([rate.value for rate in measured.rejects_at]).all()


def test_rates_stay_between_0_and_1_whatever_the_noise_of_the_simulation(match: np.ndarray) -> None:
    evidence = make_evidence(2, match, noise=1.0)
    beyond = [10**n for n in range(4, 15)]
    assert max(tail_of(evidence).decisions(size)[0]._accepts.max() for size in beyond) > 1
    for one in measure_false_accepts(
        evidence, [BLOCK], None, index="exact", distractors="synthetic", beyond=beyond
    ):
        rates = [one.equal_error_rate, *(at.false_rejects for at in one.rejects)]
        rates += [] if one.accepts_at_smallest is None else [one.accepts_at_smallest]
        for rate in rates:
            assert 0 <= (rate.low or 0) <= rate.value <= (rate.high or 1) <= 1
        assert all(0 <= value <= 1 for value in one.det.false_rejects)
