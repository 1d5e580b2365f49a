"""The database size at which a hit rate has fallen to half of what it was at a million."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.intervals import FEWEST_GROUPS, LEVEL, sum_by_group
from fpbench.evidence.jackknife import left_out_variance, student_quantile
from fpbench.results.tails import HalfSize

START = 1_000_000
_A_DECADE = 20  # sizes at which the curve is computed; between them it is a line in log N


def half_sizes(
    evidence: Evidence, tolerances_s: Sequence[float | None], largest: int
) -> list[HalfSize]:
    """:func:`half_size` for each tolerance that has something to halve."""
    found = (half_size(evidence, tolerance_s, largest) for tolerance_s in tolerances_s)
    return [one for one in found if one is not None]


def half_size(
    evidence: Evidence, tolerance_s: float | None, largest: int, k: int = 1
) -> HalfSize | None:
    """The size at which HR@k is half of HR@k at :data:`START`, on the simulated curve.

    The curve is the same at both sizes, and falls without steps, because it is computed from the
    probabilities of each query. The interval is that of the size's logarithm: one group after the
    other is left out of both hit rates at once, and both are computed from balanced samples of the
    simulation's error.

    Args:
        evidence: Evidence with a simulated tail.
        tolerance_s: Tolerance of a match.
        largest: Largest size that the simulation is good for.
        k: Rank up to which a match is a hit.

    Returns:
        None if there is nothing to halve: no query hits at the start, or it is not below the
        largest size.

    Raises:
        ValueError: The evidence has no tail for this tolerance.

    Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 11 (the
        jackknife).
    """
    if evidence.tail is None:
        raise ValueError("the evidence has no simulated tail")
    if largest <= START:
        return None
    decades = math.log10(largest) - math.log10(START)
    logs = np.linspace(math.log10(START), math.log10(largest), math.ceil(_A_DECADE * decades) + 1)
    rank = evidence.ranks(range(0), tolerance_s)
    simulated = [evidence.tail.hits(tolerance_s, rank, round(10**x), k) for x in logs]
    hits = np.stack([one.hits for one in simulated])
    rates = hits.mean(axis=1, keepdims=True)
    if rates[0, 0] <= 0:
        return None
    (place,) = _halfway(rates, logs)
    half = math.hypot(
        _half_width(_halfway(_rates_without_groups(hits, evidence), logs), left_out_variance),
        _half_width(_halfway(np.stack([one.of_samples for one in simulated]), logs), np.var),
    )
    low, high = _bounds(place, half, largest)
    return HalfSize(
        metric=f"hr@{k}",
        tolerance_s=tolerance_s,
        start=START,
        value=min(float(rates[0, 0]), 1.0),
        size=float(10**place) if math.isfinite(place) else None,
        low=low,
        high=high,
    )


def _halfway(
    rates: Float64[np.ndarray, "sizes curves"], logs: Float64[np.ndarray, " sizes"]
) -> Float64[np.ndarray, " curves"]:
    """Logarithm of the size at which each curve is half of its first rate; inf where it is not."""
    falling = np.minimum.accumulate(rates, axis=0)
    wanted = falling[0] / 2
    below = falling <= wanted
    after = np.argmax(below, axis=0)[None]
    before = np.maximum(after - 1, 0)
    upper, lower = (np.take_along_axis(falling, at, axis=0)[0] for at in (before, after))
    share = (upper - wanted) / np.where(upper > lower, upper - lower, 1)
    place = logs[before[0]] + share * (logs[after[0]] - logs[before[0]])
    return np.where(below.any(axis=0), place, np.inf)


def _rates_without_groups(
    hits: Float64[np.ndarray, "sizes queries"], evidence: Evidence
) -> Float64[np.ndarray, "sizes groups"]:
    """The curve with one group of tracks left out after the other."""
    _, queries = sum_by_group(np.zeros(hits.shape[1], dtype=np.int64), evidence.clusters)
    _, member = np.unique(evidence.clusters, return_inverse=True)
    sums = np.stack([np.bincount(member, weights=row) for row in hits])
    if len(queries) < FEWEST_GROUPS:
        return np.full_like(sums, np.nan)
    rates: Float64[np.ndarray, "sizes groups"] = (sums.sum(axis=1, keepdims=True) - sums) / (
        queries.sum() - queries
    )
    return rates


def _half_width(
    values: Float64[np.ndarray, " parts"], variance: Callable[[np.ndarray], Any]
) -> float:
    """Half the width of an interval, from values of parts of the data; NaN if one is unknown."""
    if not np.isfinite(values).all():
        return math.nan
    return student_quantile(len(values), LEVEL) * math.sqrt(variance(values))


def _bounds(place: float, half: float, largest: int) -> tuple[float | None, float | None]:
    """The ends of the interval; no upper end beyond the simulated sizes."""
    if not math.isfinite(place + half):
        return None, None
    low, high = float(10 ** (place - half)), float(10 ** (place + half))
    return max(low, float(START)), high if high <= largest else None
