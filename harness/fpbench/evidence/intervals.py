"""Confidence intervals over groups of tracks: for hit rates, and for differences of hit rates.

There is no chance in them, so an interval is the same in every run. docs/explanation/intervals.md
shows how often they hold the true rate.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from fpbench.evidence.jackknife import jackknife_variance, student_quantile

KORN_GRAUBARD = "Korn-Graubard over groups"
JACKKNIFE = "jackknife over groups, Student's t"
BOUNDS = "bounds from the range of groups"
NONE = "none: fewer than 5 groups"

LEVEL = 0.95
"""Confidence level of the intervals of results."""

FEWEST_GROUPS = 5
"""Minimum groups for an interval."""


class GroupInterval(NamedTuple):
    """A confidence interval, and the method that it is from.

    With fewer than :data:`FEWEST_GROUPS` groups it is the whole range, which says nothing.
    """

    low: float
    high: float
    method: str


def rate_interval(
    hits: Int64[np.ndarray, " queries"],
    repeats: int,
    group: Int64[np.ndarray, " queries"],
    level: float = 0.95,
) -> GroupInterval:
    """The interval of Korn and Graubard for a hit rate, where queries from one group are alike.

    It is that of Clopper and Pearson for as many independent queries as would have the same error.
    Their number is reduced once more, because the error is itself known from few groups only. If
    no query or every query hits, the groups show no error, and each counts as one query.

    Args:
        hits: Sum over the repeats for each query. Sums of whole numbers do not depend on their
            order, so every processor computes the same interval.
        repeats: Number of repeats, the same for all queries.
        group: Group of each query: what may be alike, such as the artist.
        level: Confidence level.

    Raises:
        ValueError: There are no queries.

    Source: Korn and Graubard 1998, "Confidence intervals for proportions with small expected number
        of positive counts estimated from survey data". That the effective number is at most that of
        the queries: Dean and Pagano 2015, "Evaluating confidence interval methods for binomial
        proportions in clustered surveys".
    """
    sums, queries = sum_by_group(hits, group)
    groups, n = len(queries), queries.sum()
    if groups < FEWEST_GROUPS:
        return GroupInterval(0.0, 1.0, NONE)
    rate = min(max(float(sums.sum() / (repeats * n)), 0.0), 1.0)
    variance = jackknife_variance(sums / repeats, queries)
    return GroupInterval(*korn_graubard(rate, variance, int(n), groups, level), KORN_GRAUBARD)


def korn_graubard(
    rate: float, variance: float, queries: int, groups: int, level: float
) -> tuple[float, float]:
    """The ends of :func:`rate_interval`, from the variance of the rate.

    Args:
        rate: The hit rate, from 0 to 1.
        variance: Its variance, from the jackknife over groups.
        queries: Number of queries.
        groups: Number of their groups, at least 2.
        level: Confidence level.

    Source: as of :func:`rate_interval`.
    """
    from scipy.special import betaincinv, stdtrit

    tail = (1 - level) / 2
    effective = float(groups)
    if 0 < rate < 1:
        design_effect = max(1.0, variance / (rate * (1 - rate) / queries))
        few = float(stdtrit(queries - 1, 1 - tail) / stdtrit(groups - 1, 1 - tail))
        effective = min(queries, queries / design_effect * few**2)
    found, missed = rate * effective, (1 - rate) * effective
    return (
        float(betaincinv(found, missed + 1, tail)) if found > 0 else 0.0,
        float(betaincinv(found + 1, missed, 1 - tail)) if missed > 0 else 1.0,
    )


def difference_interval(
    differences: Int64[np.ndarray, " queries"],
    repeats: int,
    group: Int64[np.ndarray, " queries"],
    level: float = 0.95,
) -> GroupInterval:
    """An interval for a paired difference of two hit rates, from -1 to 1.

    One group after the other is left out, which gives the standard error. If all groups have the
    same difference, they show no error, and the interval is that of :func:`bounds_of_groups`.

    Args:
        differences: Difference of each query, summed over the repeats.
        repeats: Number of repeats, the same for all queries.
        group: Group of each query.
        level: Confidence level.

    Raises:
        ValueError: There are no queries.

    Source: Efron and Stein 1981, "The jackknife estimate of variance"; for surveys, Wolter 2007,
        "Introduction to Variance Estimation", section 4.5.
    """
    sums, queries = sum_by_group(differences, group)
    groups = len(queries)
    if groups < FEWEST_GROUPS:
        return GroupInterval(-1.0, 1.0, NONE)
    rates = sums / (repeats * queries)
    if rates.min() == rates.max():
        return GroupInterval(*bounds_of_groups(rates, level, (-1.0, 1.0)), BOUNDS)
    variance = jackknife_variance(sums / repeats, queries)
    half = student_quantile(groups, level) * math.sqrt(variance)
    value = float(sums.sum() / (repeats * queries.sum()))
    return GroupInterval(max(-1.0, value - half), min(1.0, value + half), JACKKNIFE)


def widen(
    value: float, below: float, above: float, half: float, limits: tuple[float, float] = (0.0, 1.0)
) -> tuple[float, float]:
    """The ends of an interval to which an independent error is added.

    Args:
        value: The estimate.
        below: How far the interval reaches below it without the error.
        above: How far it reaches above it.
        half: Half the width of an interval for the error alone.
        limits: Smallest and largest possible value.
    """
    return (
        max(limits[0], value - math.hypot(max(below, 0.0), half)),
        min(limits[1], value + math.hypot(max(above, 0.0), half)),
    )


def bounds_of_groups(
    rates: Float64[np.ndarray, " groups"], level: float, limits: tuple[float, float]
) -> tuple[float, float]:
    """A conservative interval for the mean of a population of groups, from a few of them.

    At most a share u of all groups lies below the smallest of T observed rates, with confidence
    (1 + level) / 2, where (1 - u)^T = (1 - level) / 2. In the worst case these groups have the
    smallest possible rate, and all others the smallest observed one; the upper end likewise.

    Source: order statistics as distribution-free tolerance limits, Wilks 1941, "Determination of
        sample sizes for setting tolerance limits".
    """
    unseen = 1 - ((1 - level) / 2) ** (1 / len(rates))
    smallest, largest = float(rates.min()), float(rates.max())
    return (
        smallest - unseen * (smallest - limits[0]),
        largest + unseen * (limits[1] - largest),
    )


def sum_by_group(
    hits: Int64[np.ndarray, " queries"], group: Int64[np.ndarray, " queries"]
) -> tuple[Float64[np.ndarray, " groups"], Float64[np.ndarray, " groups"]]:
    """The hits and the number of queries of each group.

    Raises:
        ValueError: There are no queries.
    """
    if len(hits) == 0:
        raise ValueError("there are no queries to compute an interval from")
    _, member = np.unique(group, return_inverse=True)
    queries = np.bincount(member).astype(np.float64)
    return np.bincount(member, weights=hits), queries
