"""A match lies in the right track, within the tolerance."""

import numpy as np
import pytest

from fpbench.evidence.truth import distances_s, matches, matching_rows, nearest_rows
from fpbench.plugin.datasets import Positions

INF = np.inf

REFERENCE = Positions(np.array([7, 7, 7, 3, 3]), np.array([0.0, 0.5, 1.0, 0.0, 0.5]))


def test_distance_is_time_within_the_right_track_only() -> None:
    truth = Positions(np.array([7, 3, 5]), np.array([0.2, 0.5, 0.0]))
    distance_s = distances_s(np.array([[1, 3, -1], [4, 0, 9], [0, 1, 2]]), REFERENCE, truth)
    np.testing.assert_allclose(distance_s, [[0.3, INF, INF], [0.0, INF, INF], [INF, INF, INF]])


@pytest.mark.parametrize("tolerance_s", [0.0, 0.25, 0.5, None])
def test_matching_rows_are_the_rows_within_the_tolerance(tolerance_s: float | None) -> None:
    truth = Positions(np.array([7, 7, 7, 3, 5]), np.array([0.25, 0.5, 9.0, 0.3, 0.0]))
    order, first, stop = matching_rows(REFERENCE, truth, tolerance_s)
    everywhere = np.tile(np.arange(5), (5, 1))
    right = matches(distances_s(everywhere, REFERENCE, truth), tolerance_s)
    for query in range(5):
        assert set(order[first[query] : stop[query]]) == set(np.flatnonzero(right[query]))


def test_nearest_row_is_in_the_right_track_and_the_earlier_of_two() -> None:
    truth = Positions(np.array([7, 7, 7, 3, 5]), np.array([0.2, 0.75, 9.0, 0.3, 0.0]))
    assert nearest_rows(REFERENCE, truth).tolist() == [0, 1, 2, 4, -1]
