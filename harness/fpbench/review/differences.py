"""Paired differences of two systems' hit rates, with intervals and tests over groups of tracks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fpbench.evidence.hit_rates import difference_of_hits
from fpbench.evidence.intervals import difference_interval
from fpbench.evidence.sign_flips import sign_flip_p_values
from fpbench.randomness import Stream, rng_at
from fpbench.results.document import Curve, Point, Result
from fpbench.review.paired_points import Ranks, paired_hits


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Difference of two systems' hit rates for the same queries, first minus second.

    Args:
        points: The points of the two curves. Their sizes differ only if both databases hold all
            real distractors and one system makes more fingerprints of them.
        rates: Rates of both over the databases that both results have.
        value: Difference of the rates, from -1 to 1.
        low: Lower end of its interval, which is not corrected for the number of tests.
        high: Upper end of its interval. From -1 to 1, there are too few groups for an interval.
        p_value: Of a paired sign-flip test over groups or tracks, corrected for the number of
            tests.
        clear: Whether one of the two is better: the p-value is at most 1 minus the level.
    """

    metric: str
    tolerance_s: float | None
    points: tuple[Point, Point]
    rates: tuple[float, float]
    value: float
    low: float
    high: float
    p_value: float
    clear: bool

    def reverse(self) -> "Difference":
        """Second minus first."""
        one, other = self.points
        first, second = self.rates
        return replace(
            self,
            points=(other, one),
            rates=(second, first),
            value=-self.value,
            low=-self.high,
            high=-self.low,
        )


def hit_rate_differences(
    pairs: Sequence[tuple[Curve, Curve]],
    results: tuple[Result, Result],
    ranks: Ranks,
    level: float,
) -> list[Difference]:
    """The differences of all common points, with p-values that are not corrected."""
    seed, clusters = results[0].config.get("seed", 0), ranks.clusters
    found = list(paired_hits(pairs, results, ranks))
    if not found:
        return []
    paired = [difference_of_hits(*each.hits) for each in found]
    of_queries = np.array([of_query for of_query, _ in paired])
    p_values = sign_flip_p_values(of_queries, clusters, rng_at(seed, Stream.SIGN_FLIPS))
    differences = []
    for each, (of_query, databases), p in zip(found, paired, p_values.tolist(), strict=True):
        low, high, _ = difference_interval(of_query, databases, clusters, level)
        first, second = each.hits
        differences.append(
            Difference(
                metric=each.curve.metric,
                tolerance_s=each.curve.tolerance_s,
                points=each.points,
                rates=(first.rate, second.rate),
                value=int(of_query.sum()) / (databases * len(of_query)),
                low=low,
                high=high,
                p_value=p,
                clear=False,
            )
        )
    return differences
