"""Differences of two systems' false rejects at equal false accepts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fpbench.evidence.decisions import MOST_DATABASES, Parts, Scores
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.paired_false_rejects import paired_false_rejects
from fpbench.review.differences import Difference
from fpbench.review.paired_points import Ranks


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseRejectDifference:
    """Difference of two systems' false rejects at one share of false accepts, first minus second.

    Each system has the threshold that gives it this share. There is no test.

    Args:
        n_distractors: Database size of both. They differ only as those of :class:`Difference`.
        rates: False rejects of both.
        value: Difference of the rates, from -1 to 1.
        low: Lower end of its interval over groups, for which thresholds are set anew.
        high: Upper end of its interval. From -1 to 1, there are too few groups for an interval.
    """

    false_accepts: float
    tolerance_s: float | None
    n_distractors: tuple[int, int]
    rates: tuple[float, float]
    value: float
    low: float
    high: float


def false_reject_differences(
    differences: Sequence[Difference], ranks: Ranks, level: float
) -> list[FalseRejectDifference]:
    """The differences at every searched size and tolerance that two results have in common.

    Args:
        differences: Differences of hit rates, for the sizes and tolerances.
        ranks: Evidence of both, and the ranks that are known from it.
        level: Confidence level of the intervals.

    Returns:
        None for indexes that grow, and for older evidence.
    """
    one, other = ranks.evidence
    if not isinstance(one, Evidence) or not isinstance(other, Evidence):
        return []
    if one.foreign_score is None or other.foreign_score is None:
        return []
    return [
        found
        for difference in differences
        if difference.metric == "hr@1" and difference.points[0].found == "searched"
        for found in _differences((one, other), difference, ranks, level)
    ]


def _differences(
    evidence: tuple[Evidence, Evidence], difference: Difference, ranks: Ranks, level: float
) -> Iterator[FalseRejectDifference]:
    tolerance_s = difference.tolerance_s
    first_size, second_size = (point.n_distractors for point in difference.points)
    sizes = first_size, second_size
    known = [ranks.at(side, size, tolerance_s) for side, size in enumerate(sizes)]
    starts = [
        start
        for start in known[0]
        if start in known[1]
        and all(start + size in one.edges for one, size in zip(evidence, sizes, strict=True))
    ][:MOST_DATABASES]
    if not starts:
        return
    first, second = (
        Scores.of_ranks(
            one, tolerance_s, ((_blocks(one, start, size), found[start]) for start in starts)
        )
        for one, size, found in zip(evidence, sizes, known, strict=True)
    )
    absent = [one.absent for one in evidence]
    recordings = None
    if absent[0] is not None and absent[1] is not None:
        if not np.array_equal(absent[0].clusters, absent[1].clusters):
            return
        recordings = absent[0].clusters
    elif absent[0] is not None or absent[1] is not None:
        return
    parts = Parts.of_clusters(ranks.clusters, recordings)
    for paired in paired_false_rejects((first, second), parts, level):
        yield FalseRejectDifference(
            false_accepts=paired.false_accepts,
            tolerance_s=tolerance_s,
            n_distractors=sizes,
            rates=paired.rates,
            value=paired.rates[0] - paired.rates[1],
            low=paired.low,
            high=paired.high,
        )


def _blocks(evidence: Evidence, start: int, size: int) -> range:
    """The blocks of one database."""
    first, after = np.searchsorted(evidence.edges, [start, start + size]).tolist()
    return range(first, after)
