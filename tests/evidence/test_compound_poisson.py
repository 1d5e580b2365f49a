"""Numbers of events in clusters."""

import numpy as np
import pytest

from fpbench.evidence.compound_poisson import compound_poisson_cdf
from fpbench.evidence.tails import poisson_cdf


def test_clusters_of_one_are_independent_events() -> None:
    most, mean = np.array([-1, 0, 3, 9]), np.array([0.5, 0.5, 2.0, 12.0])
    sizes = np.zeros((4, 9))
    sizes[:, 0] = 1
    found = compound_poisson_cdf(most, mean, sizes)
    np.testing.assert_allclose(found, poisson_cdf(most, mean))


def test_two_events_are_one_pair_or_two_clusters_of_one() -> None:
    sizes = np.array([[0.5, 0.25, 0, 0, 0, 0, 0, 0, 0]])  # a quarter of the clusters is larger
    mean = np.array([0.8])
    none, one, pair = np.exp(-0.8), 0.4, 0.2
    expected = none * (1 + one + pair + one**2 / 2)
    found = compound_poisson_cdf(np.array([2]), mean, sizes)
    assert found[0] == pytest.approx(expected)
