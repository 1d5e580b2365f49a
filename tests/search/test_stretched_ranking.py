"""The tempo of a query follows from the slope of its nearest rows in a track."""

import numpy as np
import pytest

from fpbench.search.concatenation import Concatenation
from fpbench.search.stretched_ranking import estimate_factor, farthest_row, rank_stretched


@pytest.mark.parametrize(
    ("at", "rows", "factor"),
    [
        pytest.param([0, 1, 2], [10, 12, 14], 0.5, id="each step is two rows"),
        pytest.param([0, 2, 4], [10, 11, 12], 2.0, id="two steps are a row"),
        pytest.param([0, 1, 1], [10, 11, 40], 1.0, id="only the best row of a fingerprint"),
        pytest.param([3], [10], 1.0, id="one fingerprint"),
        pytest.param([0, 1], [10, 10], 1.0, id="one row"),
        pytest.param([0, 1], [10, 15], 1.0, id="too slow"),
        pytest.param([0, 1], [11, 10], 1.0, id="backwards"),
        # Slopes 1, 1 and 2/3 of the three pairs, by hand: (1 + 2/3 + 1/2) / 3.
        pytest.param([0, 1, 2], [10, 11, 13], (1 + 2 / 3 + 1 / 2) / 3, id="mean of all pairs"),
    ],
)
def test_the_factor_is_the_mean_slope(at: list[int], rows: list[int], factor: float) -> None:
    assert estimate_factor(np.array(at), np.array(rows)) == pytest.approx(factor)


def test_a_faster_query_is_compared_with_every_other_row() -> None:
    reference = np.eye(12, dtype=np.float32)
    query = reference[[4, 6, 8]]
    near = np.array([[4], [6], [8]])
    found = rank_stretched(
        query,
        near,
        Concatenation(reference[:0], reference, 0),
        np.zeros_like,
        length=3,
        places=10,
    )
    assert found.rows[0].tolist() == [4, 6, 8]
    assert found.scores.tolist() == [1.0]  # three proposals of one sequence


def test_distractors_have_the_factor_1_and_the_end_is_not_crossed() -> None:
    reference = np.eye(6, dtype=np.float32)
    found = rank_stretched(
        reference[[1, 3, 5]],
        np.array([[1], [3], [5]]),
        Concatenation(reference[:0], reference, 0),
        lambda rows: np.full_like(rows, -1),
        length=3,
        places=10,
    )
    # Row 3 of place 1 would begin at 2, row 5 of place 2 at 3: the last possible start is 2.
    assert {tuple(rows) for rows in found.rows.tolist()} == {(1, 2, 3), (2, 3, 4)}


def test_no_row_is_read_that_is_farther_than_promised(rng: np.random.Generator) -> None:
    length, rows = 9, 200
    vectors = rng.standard_normal((rows, 4)).astype(np.float32)
    reach = farthest_row(length)
    slow = 100 + 2 * np.arange(length)[:, None]
    for near in (
        *(rng.integers(0, rows, (length, 1)) for _ in range(50)),
        slow,
        np.minimum(slow + 90, rows - 1),
        slow[::-1] // 2,
    ):
        found = rank_stretched(
            vectors[:length],
            near,
            Concatenation(vectors[:150], vectors[150:], 150),
            np.zeros_like,
            length=length,
            places=10,
        )
        apart = np.abs(found.rows[:, :, None] - near.ravel()).min(axis=2)
        assert apart.max() < reach
