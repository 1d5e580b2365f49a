"""Hit rates from probabilities, against binomial sums and simulated replicates."""

import numpy as np
import pytest
from scipy import stats

from fpbench.evidence.tails import Tail, simulated_hits

RANK = np.array([0, 0, 1, 4, 20])
P = np.array([1e-6, 3e-5, 2e-6, 1e-7, 1e-9])


@pytest.mark.parametrize("k", [1, 3, 10])
def test_known_probabilities_give_binomial_sums(k: int) -> None:
    found = simulated_hits(np.tile(P[:, None], (1, 4)), RANK, size=100_000, k=k)
    expected = np.where(k > RANK, stats.binom.cdf(k - 1 - RANK, 100_000, P), 0)
    np.testing.assert_allclose(found.hits, expected, atol=1e-5)
    assert found.error == 0


def test_noisy_replicates_leave_hardly_any_bias_and_show_their_error() -> None:
    rng = np.random.default_rng(0)
    size, queries, repetitions = 10**6, 300, 200
    p = 10 ** rng.uniform(-9, -3, queries)
    rank = np.zeros(queries, dtype=np.int64)
    truth = np.exp(-size * p).mean()
    rates, covered = [], 0
    for _ in range(repetitions):
        # Replicates that are as noisy as those of a simulation.
        noisy = p[:, None] * rng.gamma(1.5, 1 / 1.5, (queries, 8))
        found = simulated_hits(noisy, rank, size, 1)
        rates.append(found.hits.mean())
        covered += abs(found.hits.mean() - truth) <= found.half_width(0.95)
    spread = np.std(rates) / np.sqrt(repetitions)
    assert np.mean(rates) == pytest.approx(truth, abs=max(4 * spread, 1e-3))
    assert covered / repetitions >= 0.9


def test_a_replicate_that_died_out_counts_as_zero() -> None:
    tail = Tail(np.array([0.25, np.inf]), np.log(np.full((1, 2, 4), 1e-6)))
    tail.log_p[0, 0, 1] = -np.inf
    np.testing.assert_allclose(tail.probabilities(0.25), [[1e-6, 0, 1e-6, 1e-6]])
    assert tail.has(None)
    assert not tail.has(0.5)
    with pytest.raises(ValueError, match=r"0\.5 s"):
        tail.probabilities(0.5)
