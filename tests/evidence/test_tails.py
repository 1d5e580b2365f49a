"""Hit rates from probabilities, against binomial sums and simulated replicates."""

import numpy as np
import pytest
from scipy import stats

from fpbench.evidence.lognormal_estimates import estimates_of
from fpbench.evidence.tails import Tail, simulated_hits

RANK = np.array([0, 0, 1, 4, 20])
P = np.array([1e-6, 3e-5, 2e-6, 1e-7, 1e-9])


@pytest.mark.parametrize("k", [1, 3, 10])
def test_known_probabilities_give_binomial_sums(k: int) -> None:
    exact = estimates_of(np.log(np.tile(P[:, None], (1, 2))))
    found = simulated_hits(exact, RANK, size=100_000, k=k)
    expected = np.where(k > RANK, stats.binom.cdf(k - 1 - RANK, 100_000, P), 0)
    np.testing.assert_allclose(found.hits, expected, atol=1e-5)
    assert found.error == 0


@pytest.mark.parametrize("size", [10**6, 10**9])
def test_noisy_replicates_leave_hardly_any_bias_and_show_their_error(size: int) -> None:
    rng = np.random.default_rng(0)
    queries, repetitions = 300, 200
    p = 10 ** rng.uniform(-12, -3, queries)
    # As noisy as a simulation: each level of a quarter adds a variance of 0.05 to a replicate.
    error = np.sqrt(0.05 * np.log(p / 5e-3) / np.log(0.25))[:, None]
    rank = np.zeros(queries, dtype=np.int64)
    truth = np.exp(-size * p).mean()
    rates, covered = [], 0
    for _ in range(repetitions):
        noise = error * rng.standard_normal((queries, 2)) - error**2 / 2
        found = simulated_hits(estimates_of(np.log(p)[:, None] + noise), rank, size, 1)
        rates.append(found.hits.mean())
        covered += abs(found.hits.mean() - truth) <= found.half_width(0.95)
    assert np.mean(rates) == pytest.approx(truth, abs=4 * np.std(rates) / np.sqrt(repetitions))
    assert 0.92 <= covered / repetitions <= 0.98


def test_a_replicate_that_died_out_counts_as_zero() -> None:
    tail = Tail(np.array([0.25, np.inf]), np.log(np.full((1, 2, 4), 1e-6)))
    tail.log_p[0, 0, 1] = -np.inf
    np.testing.assert_allclose(np.exp(tail.estimates(0.25).log_p), [7.5e-7])
    assert tail.has(None)
    assert not tail.has(0.5)
    with pytest.raises(ValueError, match=r"0\.5 s"):
        tail.estimates(0.5)
