"""Hit rates of several fits of a generator: their mean, and an interval with the error of a fit."""

import math
from collections.abc import Sequence

import numpy as np

from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.hit_rates import (
    QueryHits,
    hits_of_curves,
    is_searched,
    simulate_hits,
    whole_hits,
)
from fpbench.evidence.intervals import FEWEST_GROUPS, LEVEL, rate_interval, widen
from fpbench.evidence.jackknife import student_quantile
from fpbench.results.fields import HIT_RANKS
from fpbench.results.fits import FitRates

METHOD = "and Student's t over fits of the generator"


def fit_rates(
    fits: Sequence[Evidence | GrownEvidence],
    sizes: Sequence[int],
    *,
    index: str,
    tolerance_s: float | None,
) -> list[FitRates]:
    """The rates of every metric and size, of each fit and in the mean.

    Args:
        fits: The evidence of each fit, of the same queries and index.
        sizes: Numbers of distractors, searched or simulated; 0 is left out.
        index: Name of the index.
        tolerance_s: Tolerance of a match.
    """
    hits = [_hits(evidence, sizes, tolerance_s) for evidence in fits]
    return [
        _rates(
            [of_fit[k, size] for of_fit in hits], fits[0].clusters, index, tolerance_s, (k, size)
        )
        for k in HIT_RANKS
        for size in sizes
        if size > 0
    ]


def _hits(
    evidence: Evidence | GrownEvidence, sizes: Sequence[int], tolerance_s: float | None
) -> dict[tuple[int, int], QueryHits]:
    searched = [size for size in sizes if is_searched(evidence, size)]
    found = hits_of_curves(evidence, searched, tolerance_s)
    for k in HIT_RANKS:
        for size in sizes[len(searched) :]:
            found[k, size] = whole_hits(simulate_hits(evidence, size, tolerance_s, k).hits)
    return found


def _rates(
    hits: Sequence[QueryHits],
    clusters: np.ndarray,
    index: str,
    tolerance_s: float | None,
    place: tuple[int, int],
) -> FitRates:
    values = [min(max(one.rate, 0.0), 1.0) for one in hits]
    common = math.lcm(*(one.databases for one in hits))
    total = np.sum([one.hits * (common // one.databases) for one in hits], axis=0)
    value, error = float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(len(hits))
    interval = rate_interval(total, common * len(hits), clusters, LEVEL)
    low, high, method = interval
    if len(np.unique(clusters)) >= FEWEST_GROUPS:
        half = student_quantile(len(hits), LEVEL) * error
        low, high = widen(value, value - low, high - value, half)
        method = f"{method}, {METHOD}"
    k, size = place
    return FitRates(
        index=index,
        metric=f"hr@{k}",
        tolerance_s=tolerance_s,
        n_distractors=size,
        values=values,
        value=value,
        error=error,
        level=LEVEL,
        low=low,
        high=high,
        method=method,
    )
