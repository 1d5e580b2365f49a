"""Intervals of older results are over tracks, and never without width."""

import numpy as np
import pytest

from fpbench.evidence.bootstrap import (
    BOOTSTRAP,
    BOUNDS,
    bootstrap_interval,
    interval_over_tracks,
)


def test_an_interval_over_tracks_is_wider_where_queries_of_a_track_agree(
    rng: np.random.Generator,
) -> None:
    track = np.repeat(np.arange(40), 10)
    agreeing = np.repeat(np.arange(40) % 2, 10)
    mixed = np.tile([0, 1], 200)
    low, high, method = interval_over_tracks(agreeing, 1, track, rng)
    # 40 coins: standard error 0.079, times 1.96 on both sides.
    assert low == pytest.approx(0.5 - 0.155, abs=0.03)
    assert high == pytest.approx(0.5 + 0.155, abs=0.03)
    assert method == BOOTSTRAP
    assert bootstrap_interval(mixed, 1, track, rng) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("hits", "low", "high"),
    [
        # One track says almost nothing: 0.025 of what is seen, and 0.975 of what is not.
        pytest.param([[27, 40]], 0.675 * 0.025, 0.675 + 0.325 * 0.975, id="one-track"),
        # Clopper and Pearson's interval for five of five: 0.025 ** (1 / 5).
        pytest.param([[1, 1]] * 5, 0.4782, 1.0, id="five-of-five"),
        pytest.param([[0, 10]] * 5, 0.0, 1 - 0.4782, id="none-of-fifty"),
        pytest.param([[10, 10]] * 100, 0.025**0.01, 1.0, id="all-of-a-thousand"),
        # Below the lower and above the higher of two, 84 % of all tracks may lie.
        pytest.param([[2, 4], [3, 4]], 0.5 * 0.1581, 1 - 0.25 * 0.1581, id="two-tracks"),
    ],
)
def test_few_or_equal_tracks_give_bounds(
    hits: list[list[int]], low: float, high: float, rng: np.random.Generator
) -> None:
    queries = np.concatenate([np.arange(n) < k for k, n in hits]).astype(np.int64)
    track = np.repeat(np.arange(len(hits)), [n for _, n in hits])
    found = interval_over_tracks(queries, 1, track, rng)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)
    assert found.method == BOUNDS


def test_an_interval_needs_queries(rng: np.random.Generator) -> None:
    none = np.empty(0, dtype=np.int64)
    with pytest.raises(ValueError, match="there are no queries"):
        interval_over_tracks(none, 1, none, rng)
