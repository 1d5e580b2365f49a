"""Few tracks prove nothing, and many tests need smaller p-values."""

import numpy as np
import pytest

from fpbench.evidence.sign_flips import correct_p_values, sign_flip_p_values


def p_value(by_track: list[int], rng: np.random.Generator) -> float:
    track = np.arange(len(by_track))
    return float(sign_flip_p_values(np.array([by_track]), track, rng)[0])


@pytest.mark.parametrize(
    ("by_track", "expected"),
    [
        pytest.param([1], 1, id="one-track"),
        pytest.param([7, 7], 1 / 2, id="two-tracks"),
        pytest.param([1] * 5, 1 / 16, id="five-tracks-agree"),
        pytest.param([1] * 6, 1 / 32, id="six-tracks-agree"),
        pytest.param([1, *[0] * 9], 1, id="one-query"),
        # Of the patterns of 3, 1 and 1, those with sums 5, 3 of -3, -1, -1 and 3, 1, -1 are not
        # below 3: all but 3 - 1 - 1.
        pytest.param([3, 1, -1], 3 / 4, id="by-hand"),
        pytest.param([0] * 20, 1, id="no-difference"),
    ],
)
def test_a_p_value_is_the_share_of_sign_patterns(
    by_track: list[int], expected: float, rng: np.random.Generator
) -> None:
    assert p_value(by_track, rng) == pytest.approx(expected)


def test_queries_of_one_track_are_one_observation(rng: np.random.Generator) -> None:
    queries = np.ones((1, 50), dtype=np.int64)
    assert sign_flip_p_values(queries, np.repeat(np.arange(5), 10), rng) == pytest.approx([1 / 16])


def test_many_tracks_are_sampled(rng: np.random.Generator) -> None:
    # The sum of 100 coins is 20 or more from 0 in 5.7 % of all cases.
    by_track = [1] * 60 + [-1] * 40
    assert p_value(by_track, rng) == pytest.approx(0.057, abs=0.006)
    assert p_value([1] * 100, rng) == pytest.approx(1 / 20_001)


def test_holm_corrects_the_smallest_most() -> None:
    assert correct_p_values([0.04, 0.01, 0.03, 0.5]) == pytest.approx([0.09, 0.04, 0.09, 0.5])
    assert correct_p_values([0.6, 0.7]) == [1.0, 1.0]
    assert correct_p_values([]) == []
