"""Fidelity blocks of results, with round numbers."""

from collections.abc import Sequence
from typing import Any

from fpbench.results.fidelity import Fidelity, HitRates, OlderHitRates, Statistics


def statistics(**changes: Any) -> Statistics:
    """Statistics of one set; nothing is far from anything."""
    values: dict[str, Any] = {
        "frechet": 0.1,
        "js_marginal": 0.01,
        "js_similarity": 0.01,
        "precision": 0.3,
        "recall": 0.3,
        "density": 0.1,
        "coverage": 0.2,
        "nearest_distance": 0.8,
        "local_dimension": [10.0, 9.0],
    }
    return Statistics(**values | changes)


def hit_rates(
    gap: Sequence[float] = (0.0, 0.02),
    error: Sequence[float | None] = (0.01, 0.01),
    perfect: Sequence[float | None] = (0.0, 0.0),
    sizes: Sequence[int] = (100, 1000),
    **changes: Any,
) -> HitRates:
    """Hit rates of a Gaussian: half of the queries are found among real distractors."""
    values: dict[str, Any] = {
        "metric": "hr@1",
        "tolerance_s": 0.25,
        "sizes": list(sizes),
        "hit_rate": {"real": [0.5] * len(sizes), "gaussian": [0.5 + each for each in gap]},
        "gap": {"gaussian": list(gap)},
        "gap_error": {"gaussian": list(error)},
        "perfect_gap": list(perfect),
        "floor": [0.01] * len(sizes),
    }
    return HitRates(**values | changes)


def older_hit_rates(gap: Sequence[float], error: Sequence[float | None]) -> OlderHitRates:
    """The same in an older result."""
    newer = hit_rates(gap, error)
    return OlderHitRates(
        sizes=newer.sizes,
        hit_rate=newer.hit_rate,
        gap=newer.gap,
        gap_error=newer.gap_error,
        floor=newer.floor,
    )


def fidelity(**changes: Any) -> Fidelity:
    """The fidelity of a Gaussian that was judged by 38 held-out tracks."""
    values: dict[str, Any] = {
        "rows": 300,
        "tracks": 18,
        "splits": 4,
        "statistics": {"real": statistics(), "gaussian": statistics()},
        "spread": {"real": statistics(), "gaussian": statistics()},
        "copying": {},
        "hit_rates": [hit_rates()],
        "judged_by": "held-out tracks",
        "query_clusters": 1000,
        "real_clusters": 1000,
        "marginal_bins": 64,
        "similarity_bins": 200,
        "similarity_pairs": 200_000,
    }
    return Fidelity(**values | changes)
