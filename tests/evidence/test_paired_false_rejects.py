"""False rejects of two systems at equal false accepts."""

import numpy as np
import pytest

from fpbench.evidence.decisions import Parts, Scores
from fpbench.evidence.paired_false_rejects import paired_false_rejects

QUERIES = 200


def scores(genuine: np.ndarray, impostor: np.ndarray) -> Scores:
    return Scores(genuine[None].astype(np.float32), impostor[None].astype(np.float32))


def test_each_system_has_the_threshold_that_gives_it_the_share() -> None:
    impostor = np.arange(QUERIES) / QUERIES
    # At 10 % the threshold is 0.9, or nine for scores of ten times the height.
    one = scores(np.where(np.arange(QUERIES) < 60, 0.5, 0.95), impostor)
    other = scores(np.where(np.arange(QUERIES) < 20, 5.0, 9.5), 10 * impostor)
    (found,) = paired_false_rejects((one, other), Parts.of_clusters(np.arange(QUERIES)), 0.95)
    assert found.false_accepts == 0.1
    assert found.rates == (0.3, 0.1)
    # Of 100 parts of two queries, 40 have one that differs: 1.984 * 0.5 * sqrt(0.4 * 0.6 / 99).
    assert (found.high - found.low) / 2 == pytest.approx(0.0488, abs=1e-4)
    assert (found.high + found.low) / 2 == pytest.approx(0.2)


def test_equal_systems_differ_by_nothing_although_queries_are_hard_or_easy() -> None:
    rng = np.random.default_rng(0)
    same = scores(rng.random(QUERIES), rng.random(QUERIES))
    (found,) = paired_false_rejects((same, same), Parts.of_clusters(np.arange(QUERIES) // 5), 0.95)
    assert (found.low, found.high) == (0, 0)


def test_too_few_groups_give_no_interval_and_too_few_queries_no_share() -> None:
    rng = np.random.default_rng(0)
    same = scores(rng.random(QUERIES), rng.random(QUERIES))
    (found,) = paired_false_rejects((same, same), Parts.of_clusters(np.arange(QUERIES) // 50), 0.95)
    assert (found.low, found.high) == (-1, 1)
    few = scores(same.genuine[0, :50], same.impostor[0, :50])
    assert list(paired_false_rejects((few, few), Parts.of_clusters(np.arange(50)), 0.95)) == []


@pytest.mark.slow
def test_intervals_cover_the_difference_in_the_population() -> None:
    """Tracks are hard or easy for both systems; the threshold is set anew for every sample."""

    def draw(tracks: int, rng: np.random.Generator) -> tuple[tuple[Scores, Scores], Parts]:
        of_track = rng.normal(0, 0.05, tracks).repeat(20)

        def system(height: float) -> Scores:
            def noise() -> np.ndarray:
                return of_track + rng.normal(0, 0.1, len(of_track))

            return scores(height + noise(), 0.4 + noise())

        return (system(0.65), system(0.7)), Parts.of_clusters(np.arange(tracks).repeat(20))

    population, parts = draw(20_000, np.random.default_rng(0))
    (truth, *_) = paired_false_rejects(population, parts, 0.95)
    difference = truth.rates[0] - truth.rates[1]
    assert difference > 0.05
    covered = 0
    for trial in range(100):
        (found, *_) = paired_false_rejects(*draw(40, np.random.default_rng([1, trial])), 0.95)
        covered += found.low <= difference <= found.high
    assert covered >= 89
