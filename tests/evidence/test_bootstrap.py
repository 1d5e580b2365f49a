"""Confidence intervals are over tracks, and shrink to the rate where tracks agree."""

import numpy as np
import pytest

from fpbench.evidence.bootstrap import interval_over_tracks


def test_an_interval_over_tracks_is_wider_where_queries_of_a_track_agree(
    rng: np.random.Generator,
) -> None:
    track = np.repeat(np.arange(40), 10)
    agreeing = np.repeat(np.arange(40) % 2, 10)
    mixed = np.tile([0, 1], 200)
    low, high = interval_over_tracks(agreeing, 1, track, rng)
    # 40 coins: standard error 0.079, times 1.96 on both sides.
    assert low == pytest.approx(0.5 - 0.155, abs=0.03)
    assert high == pytest.approx(0.5 + 0.155, abs=0.03)
    assert interval_over_tracks(mixed, 1, track, rng) == (0.5, 0.5)


def test_an_interval_over_one_track_is_its_rate_to_the_last_bit(rng: np.random.Generator) -> None:
    hits, track = rng.integers(0, 4, 58), np.zeros(58, dtype=np.int64)
    assert interval_over_tracks(hits, 3, track, rng) == (hits.sum() / 174, hits.sum() / 174)


def test_an_interval_needs_queries(rng: np.random.Generator) -> None:
    none = np.empty(0, dtype=np.int64)
    with pytest.raises(ValueError, match="there are no queries"):
        interval_over_tracks(none, 1, none, rng)
