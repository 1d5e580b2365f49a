"""Errors from values without one part of the sample."""

import numpy as np
import pytest

from fpbench.evidence.jackknife import jackknife_variance, left_out_variance, student_quantile


def test_statistics_left_out_together_have_the_variance_of_each() -> None:
    without = np.array([[1.0, 0.5], [2.0, 0.5], [3.0, 0.5]])
    # (3 - 1) / 3 times the squares 1, 0, 1
    np.testing.assert_allclose(left_out_variance(without), [4 / 3, 0])
    assert left_out_variance(without[:, 0]) == pytest.approx(4 / 3)


def test_the_mean_of_equal_groups_has_the_variance_of_its_groups() -> None:
    # Group means 0, 1, 2: their variance is 1, and that of the mean of three is 1 / 3.
    assert jackknife_variance(np.array([0.0, 4.0, 8.0]), np.full(3, 4.0)) == pytest.approx(1 / 3)


def test_few_parts_make_intervals_wide() -> None:
    assert student_quantile(2, 0.95) == pytest.approx(12.706, abs=1e-3)
    assert student_quantile(10**6, 0.95) == pytest.approx(1.96, abs=1e-3)
