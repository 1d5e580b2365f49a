"""Expected hit rates reach up to all real distractors, and their gap has an error over tracks."""

import numpy as np
import pytest

from fpbench.generators.expected_hit_rates import (
    HitRates,
    MatchedQueries,
    expected_hit_rates,
    sizes_up_to,
)
from fpbench.plugin.fingerprinters import Vectors


def test_sizes_grow_by_1_2_5_and_end_at_the_largest() -> None:
    assert sizes_up_to(1500) == [100, 200, 500, 1000, 1500]
    assert sizes_up_to(50) == [50]


def rows(*scores: float) -> Vectors:
    """Rows whose inner product with (1, 0) is their score."""
    return np.array([(score, 0.0) for score in scores], dtype=np.float32)


def measure(losers: int, queries: int = 12, tracks: np.ndarray | None = None) -> HitRates:
    """Every other query loses to the one good row of the synthetic set; no real row is good."""
    of_queries = rows(*[1.0] * queries)
    of_queries[losers:] *= 0
    reference = np.tile(rows(0.5), (queries, 1)) + np.array([0, 0.5], dtype=np.float32)
    of_queries[losers:] += np.array([0, 1], dtype=np.float32)
    # One query has its match alone in the reference, so no other row reaches it.
    matches = (np.zeros(queries, dtype=np.int64), np.full(queries, queries))
    real, halves = rows(*[0.1] * 8), [(np.arange(4), np.arange(4, 8))]
    asked = MatchedQueries(vectors=of_queries, reference=reference, matches=matches, tracks=tracks)
    return expected_hit_rates(real, halves, {"easy": rows(*[0.1] * 7, 0.9)}, asked)


def test_a_gap_is_synthetic_minus_real_at_all_real_distractors() -> None:
    found = measure(losers=6)
    assert found.sizes == (8,)
    assert found.hit_rate["real"] == (1.0,)
    assert found.gap["easy"] == (-0.5,)
    assert found.floor == (0.0,)


def test_an_error_is_over_tracks() -> None:
    # Twelve queries of which half lose: the standard error of a coin.
    alone = measure(losers=6).gap_error["easy"][0]
    assert alone == pytest.approx(np.sqrt(12 / 11) * 0.5 / np.sqrt(12))
    # Six tracks of two equal queries are six observations.
    paired = measure(losers=6, tracks=np.arange(12) // 2).gap_error["easy"][0]
    assert paired == pytest.approx(np.sqrt(6 / 5) * 0.5 / np.sqrt(6))


@pytest.mark.parametrize(
    ("losers", "tracks"),
    [
        pytest.param(6, np.arange(12) % 5, id="five-tracks"),
        pytest.param(0, np.arange(12), id="no-difference-anywhere"),
    ],
)
def test_what_shows_no_error_has_none(losers: int, tracks: np.ndarray) -> None:
    assert measure(losers=losers, tracks=tracks).gap_error["easy"] == (None,)
