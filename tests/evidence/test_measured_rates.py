"""Rates of wrong decisions, with intervals over groups of tracks."""

import numpy as np
import pytest

from fpbench.evidence.decisions import Decisions, Parts, Scores
from fpbench.evidence.measured_rates import measure_rates


@pytest.mark.slow
def test_intervals_cover_the_rates_of_the_population() -> None:
    """Tracks differ in how hard they are; the interval is for the population of tracks."""

    def draw(tracks: int, rng: np.random.Generator) -> Decisions:
        of_track = rng.normal(0, 0.05, tracks).repeat(20)
        genuine = (0.7 + of_track + rng.normal(0, 0.1, len(of_track))).astype(np.float32)
        impostor = (0.4 + of_track + rng.normal(0, 0.1, len(of_track))).astype(np.float32)
        parts = Parts.of_clusters(np.arange(tracks).repeat(20))
        return Decisions.of(Scores(genuine[None], impostor[None]), parts)

    truth = draw(20_000, np.random.default_rng(0)).equal_error_rate()
    covered = 0
    for trial in range(100):
        decisions = draw(40, np.random.default_rng([1, trial]))
        rate = measure_rates(decisions, decisions, None, 40).equal_error_rate
        assert rate.low is not None
        assert rate.high is not None
        covered += rate.low <= truth <= rate.high
    assert covered / 100 >= 0.88
