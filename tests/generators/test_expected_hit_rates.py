"""Expected hit rates reach up to all real distractors, at every metric and tolerance."""

import numpy as np
import pytest

from fpbench.generators.expected_hit_rates import (
    MatchedQueries,
    RealDistractors,
    expected_hit_rates,
    sizes_up_to,
)
from fpbench.plugin.fingerprinters import Vectors
from fpbench.results.fidelity import HitRates

WITHIN, IN_TRACK = 0.25, None


def test_sizes_grow_by_1_2_5_and_end_at_the_largest() -> None:
    assert sizes_up_to(1500) == [100, 200, 500, 1000, 1500]
    assert sizes_up_to(50) == [50]


def rows(*scores: float) -> Vectors:
    """Rows whose inner product with (1, 0) is their score."""
    return np.array([(score, 0.0) for score in scores], dtype=np.float32)


def measure(*synthetic: float) -> dict[tuple[str, float | None], HitRates]:
    """Twelve queries, whose right row scores 0.5 in the right place, and 0.8 later in the track.

    Another track has a row of 0.6. Real distractors are all bad.
    """
    reference = rows(0.5, 0.8, 0.6)
    of_queries = rows(*[1.0] * 12)
    first, stop = np.zeros(12, dtype=np.int64), np.ones(12, dtype=np.int64)
    asked = MatchedQueries(
        vectors=of_queries,
        reference=reference,
        matches={WITHIN: (first, stop), IN_TRACK: (first, 2 * stop)},
    )
    real = RealDistractors(
        vectors=rows(*[0.1] * 8),
        tracks=np.arange(8) // 2,
        clusters=np.arange(8) // 2,
        halves=[(np.arange(4), np.arange(4, 8))],
    )
    found = expected_hit_rates(real, {"easy": rows(*synthetic)}, asked)
    return {(each.metric, each.tolerance_s): each for each in found}


def test_every_metric_and_tolerance_is_measured() -> None:
    found = measure(*[0.1] * 8)
    assert found.keys() == {(f"hr@{k}", where) for k in (1, 3, 10) for where in (WITHIN, IN_TRACK)}
    # Within the tolerance, two rows of the reference are better: rank 3.
    assert found["hr@1", WITHIN].hit_rate["real"] == (0.0,)
    assert found["hr@3", WITHIN].hit_rate["real"] == (1.0,)
    assert found["hr@1", IN_TRACK].hit_rate["real"] == (1.0,)


def test_a_gap_is_synthetic_minus_real_at_all_real_distractors() -> None:
    found = measure(*[0.1] * 6, 0.7, 0.9)
    assert found["hr@1", IN_TRACK].sizes == (8,)
    assert found["hr@1", IN_TRACK].gap["easy"] == (-1.0,)  # 0.9 is better than 0.8
    assert found["hr@3", IN_TRACK].gap["easy"] == (0.0,)
    assert found["hr@3", WITHIN].gap["easy"] == (-1.0,)  # behind 0.9, 0.8, 0.7 and 0.6
    assert found["hr@10", WITHIN].gap["easy"] == (0.0,)
    assert found["hr@1", IN_TRACK].floor == (0.0,)


def test_a_size_is_the_mean_over_all_subsets() -> None:
    # Sets of 8 and 16: one of 16 draws wins, so it is among 8 of them half of the time.
    found = measure(*[0.1] * 15, 0.9)
    assert found["hr@1", IN_TRACK].hit_rate["easy"] == pytest.approx((0.5,))


def test_parts_are_few_and_make_up_clusters_and_halves() -> None:
    tracks = np.repeat(np.arange(300), 2)
    halves = [
        (np.flatnonzero(tracks % 2 == 0), np.flatnonzero(tracks % 2 == 1)),
        (np.flatnonzero(tracks < 150), np.flatnonzero(tracks >= 150)),
    ]
    real = RealDistractors(
        vectors=rows(*[0.1] * 600), tracks=tracks, clusters=tracks // 100, halves=halves
    )
    part, cluster = real.parts()
    # Three clusters, of which the second is cut in two, and each of these by even and odd tracks.
    assert len(cluster) == 8
    np.testing.assert_array_equal(cluster[part], tracks // 100)
    for first, second in halves:
        assert set(part[first]).isdisjoint(part[second])
