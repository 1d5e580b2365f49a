"""Noisy probabilities: the bias that they cause, their variance, and half samples of them."""

import numpy as np
import pytest

from fpbench.evidence.lognormal_estimates import LogNormal, balanced_samples, estimates_of


@pytest.mark.parametrize("variance", [0.1, 0.5])
@pytest.mark.parametrize("p", [1e-7, 1e-6, 5e-6])
def test_a_curved_function_has_hardly_any_bias(variance: float, p: float) -> None:
    noise = np.random.default_rng(0).standard_normal(200_000) * np.sqrt(variance)
    estimates = LogNormal(np.log(p) + noise - variance / 2, np.full(len(noise), variance))
    value = estimates.value_of(lambda p: np.exp(-1e6 * p)).mean()
    truth = np.exp(-1e6 * p)
    plain = np.exp(-1e6 * np.exp(estimates.log_p)).mean()
    assert abs(value - truth) < max(0.3 * abs(plain - truth), 2e-3)


def test_a_line_is_kept() -> None:
    estimates = LogNormal(np.log(np.full(5, 1e-6)), np.full(5, 0.3))
    np.testing.assert_allclose(estimates.value_of(lambda p: 3 - np.log(p)), 3 - np.log(1e-6) - 0.15)


@pytest.mark.parametrize("power", [1, 2])
def test_the_variance_is_that_of_the_noise_whether_it_bends_or_not(power: int) -> None:
    rng = np.random.default_rng(1)
    depth = np.sort(rng.uniform(8, 30, 4_000))
    variance = 0.5 * ((depth - 8) / 11) ** power  # of one replicate
    noise = rng.standard_normal((4_000, 2)) * np.sqrt(variance)[:, None] - variance[:, None] / 2
    found = estimates_of(-depth[:, None] + noise).variance
    for part in np.split(np.arange(4_000), 8):
        assert found[part].mean() == pytest.approx(variance[part].mean() / 2, rel=0.15, abs=0.003)


def test_equal_replicates_have_no_variance_and_died_out_ones_are_zero() -> None:
    found = estimates_of(np.array([[-9.0, -9.0], [-np.inf, -np.inf], [-12.0, -12.0]]))
    np.testing.assert_allclose(found.log_p, [-9, -np.inf, -12])
    np.testing.assert_array_equal(found.variance, 0)
    np.testing.assert_allclose(found.value_of(lambda p: np.exp(-1e3 * p))[1], 1.0)


def test_a_replicate_that_died_out_counts_as_noise() -> None:
    found = estimates_of(np.log([[1e-9, 1e-9], [1e-9, 1e-300], [1e-9, 1e-9]]))
    assert 0.5 < found.variance.mean() < 6


def test_samples_are_balanced_and_show_the_error_of_a_mean() -> None:
    signs = np.where(balanced_samples(63), 1, -1)
    np.testing.assert_array_equal(signs.T @ signs, len(signs) * np.eye(63))
    estimates = LogNormal(np.full(400, -9.0), np.linspace(0, 1, 400))
    up, down = (end.log_p for end in estimates.ends)
    means = np.where(balanced_samples(400), up, down).mean(axis=1)
    assert means.std() == pytest.approx(np.sqrt(estimates.variance.sum()) / 400, rel=0.25)
