"""Hit-rate curves, computed from evidence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64, Int64

from fpbench.evidence.bootstrap import BOOTSTRAP, bootstrap_interval, interval_over_tracks
from fpbench.evidence.corrected_rates import correct_points
from fpbench.evidence.evidence import (
    Evidence,
    GrownEvidence,
    disjoint_databases,
    whole_block_databases,
)
from fpbench.evidence.few_tracks import few_tracks
from fpbench.evidence.intervals import LEVEL, GroupInterval, rate_interval, widen
from fpbench.evidence.tails import SimulatedHits
from fpbench.randomness import Stream, rng_at
from fpbench.results.document import ESTIMATOR, Curve, Interval, Point
from fpbench.results.fields import HIT_RANKS, DistractorKind, Estimator

_SCALE = 1 << 20  # what a probability of 1 becomes


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveLabels:
    """The fields of a curve besides its points, and what computing the points needs.

    Args:
        hop_s: Time between fingerprints, which turns their number into hours of audio.
        seed: Seed of the resampling for confidence intervals, which older estimators need.
        estimator: How points follow from evidence, see
            :class:`fpbench.results.document.Result`.
    """

    distractors: DistractorKind
    index: str
    tolerance_s: float | None
    query_length_s: float
    n_reference: int
    hop_s: float
    seed: int
    estimator: Estimator = ESTIMATOR


@dataclass(frozen=True, slots=True)
class QueryHits:
    """In how many databases each query hits.

    Args:
        hits: For each query, at most ``databases``.
        databases: Number of databases.
    """

    hits: Int64[np.ndarray, " queries"]
    databases: int

    @property
    def rate(self) -> float:
        """The hit rate, mean over databases."""
        return int(self.hits.sum()) / (self.databases * len(self.hits))

    def exceeds(self, other: "QueryHits") -> bool:
        """Whether the rate is higher; compared in whole numbers, for the same queries."""
        one, another = int(self.hits.sum()), int(other.hits.sum())
        return one * other.databases > another * self.databases

    def pool(self, other: "QueryHits") -> "QueryHits":
        """The hits in the databases of both."""
        return QueryHits(self.hits + other.hits, self.databases + other.databases)


def hit_rate_curves(
    evidence: Evidence | GrownEvidence, sizes: Sequence[int], labels: CurveLabels
) -> list[Curve]:
    """HR@1, HR@3 and HR@10 at every size, with confidence intervals over groups of tracks.

    Args:
        evidence: Evidence of blocks gives several repeats of the smaller sizes, evidence of a
            grown index gives one of each size.
        sizes: Numbers of distractors, ascending; 0 means the reference alone. Those that were not
            searched come last, and need a simulated tail.
        labels: The other fields of the curves.
    """
    searched = [size for size in sizes if is_searched(evidence, size)]
    ranks = _ranks_at_sizes(evidence, searched, labels.tolerance_s, labels.estimator)
    corrections = few_tracks(evidence, labels.tolerance_s)
    tracks = evidence.distractor_tracks if isinstance(evidence, Evidence) else None
    curves = []
    for k in HIT_RANKS:
        points = [
            _point(
                each < k,
                pooled,
                _interval(pooled, evidence.clusters, size, k, labels),
                labels,
                size,
            )
            for each, pooled, size in zip(
                ranks, _hits(ranks, k, labels.estimator), searched, strict=True
            )
        ]
        if corrections is not None:
            points = correct_points(points, corrections, k)
        points += _simulated_points(evidence, sizes[len(searched) :], k, labels)
        curves.append(
            Curve(
                distractors=labels.distractors,
                index=labels.index,
                metric=f"hr@{k}",
                tolerance_s=labels.tolerance_s,
                query_length_s=labels.query_length_s,
                points=points,
                distractor_tracks=None if tracks is None else tracks.tracks,
                distractor_groups=None if tracks is None else tracks.groups,
            )
        )
    return curves


def is_searched(evidence: Evidence | GrownEvidence, size: int) -> bool:
    """Whether the evidence has a database of this size."""
    if isinstance(evidence, GrownEvidence):
        return size in evidence.sizes
    return size == 0 or size in evidence.edges


def has_size(evidence: Evidence | GrownEvidence, size: int, tolerance_s: float | None) -> bool:
    """Whether the evidence gives a point of this size, searched or simulated."""
    if is_searched(evidence, size):
        return True
    tail = None if isinstance(evidence, GrownEvidence) else evidence.tail
    return tail is not None and tail.has(tolerance_s)


def simulate_hits(
    evidence: Evidence | GrownEvidence, size: int, tolerance_s: float | None, k: int
) -> SimulatedHits:
    """How often each query hits among ``size`` distractors, from the simulated tail.

    Raises:
        ValueError: The evidence has no tail for this tolerance.
    """
    if isinstance(evidence, GrownEvidence) or evidence.tail is None:
        raise ValueError(f"the evidence has no database of {size} distractors")
    rank = evidence.ranks(range(0), tolerance_s)
    tail = evidence.tail
    # The noise of a simulation could make HR@3 exceed HR@10, which is impossible.
    ranks = [each for each in HIT_RANKS if each < k]
    return max(
        (tail.hits(tolerance_s, rank, size, each) for each in (k, *ranks)),
        key=lambda simulated: simulated.hits.sum(),
    )


def whole_hits(hits: Float64[np.ndarray, " queries"]) -> QueryHits:
    """Probable hits in whole numbers, so that every processor draws the same interval."""
    return QueryHits(np.rint(hits * _SCALE).astype(np.int64), _SCALE)


def ranks_at(
    evidence: Evidence | GrownEvidence,
    size: int,
    tolerance_s: float | None,
    *,
    whole_blocks: bool = False,
) -> Iterator[tuple[int, Int64[np.ndarray, " queries"]]]:
    """Ranks of the true match in each database of one size.

    Args:
        evidence: Of one search.
        size: Number of distractors.
        tolerance_s: Tolerance of a match.
        whole_blocks: Whether to leave out databases whose last block is cut.

    Yields:
        The number of the database's first distractor, and the rank for each query.
    """
    if isinstance(evidence, GrownEvidence):
        yield 0, evidence.ranks(size, tolerance_s)
    elif size == 0:
        yield 0, evidence.ranks(range(0), tolerance_s)
    else:
        choose = whole_block_databases if whole_blocks else disjoint_databases
        for blocks, stop in choose(evidence.edges, size):
            yield int(evidence.edges[blocks.start]), evidence.ranks(blocks, tolerance_s, stop)


def hits_of_curves(
    evidence: Evidence | GrownEvidence,
    sizes: Sequence[int],
    tolerance_s: float | None,
    *,
    estimator: Estimator = ESTIMATOR,
) -> dict[tuple[int, int], QueryHits]:
    """The hits behind each point of the curves of these sizes, by rank and size."""
    ranks = _ranks_at_sizes(evidence, sizes, tolerance_s, estimator)
    return {
        (k, size): hits
        for k in HIT_RANKS
        for size, hits in zip(sizes, _hits(ranks, k, estimator), strict=True)
    }


def _ranks_at_sizes(
    evidence: Evidence | GrownEvidence,
    sizes: Sequence[int],
    tolerance_s: float | None,
    estimator: Estimator,
) -> list[np.ndarray]:
    """For each size, an array of repeats x queries."""
    whole = estimator == 1
    return [
        np.stack([ranks for _, ranks in ranks_at(evidence, size, tolerance_s, whole_blocks=whole)])
        for size in sizes
    ]


def _hits(ranks: Sequence[np.ndarray], k: int, estimator: Estimator) -> list[QueryHits]:
    hits = [QueryHits((each < k).sum(axis=0, dtype=np.int64), len(each)) for each in ranks]
    return hits if estimator == 1 else pool_rises(hits)


def difference_of_hits(
    first: QueryHits, second: QueryHits
) -> tuple[Int64[np.ndarray, " queries"], int]:
    """For the same queries, the rate of the first minus that of the second.

    Returns:
        A whole number for each query, and the number by which to divide all of them.
    """
    difference = first.hits * second.databases - second.hits * first.databases
    return difference, first.databases * second.databases


def pool_rises(hits: Sequence[QueryHits]) -> list[QueryHits]:
    """Hits at ascending sizes, such that the rate never rises.

    More distractors never make a search find more. But points at different sizes are means over
    different databases, and some have only one, so the choice of the distractors can make a rate
    rise. Where it does, the databases of the neighbouring sizes are taken together, and both get
    their common rate: the isotonic regression of the rates, weighted by numbers of databases. No
    other estimate that does not rise is closer to the rates, and it is at least as close as they
    are to every curve that does not rise.

    Source: Barlow et al. 1972, "Statistical Inference under Order Restrictions", section 1.2 (pool
        adjacent violators).
    """
    groups: list[tuple[QueryHits, int]] = []
    for each in hits:
        group, sizes = each, 1
        while groups and group.exceeds(groups[-1][0]):
            before, more = groups.pop()
            group, sizes = before.pool(group), sizes + more
        groups.append((group, sizes))
    return [group for group, sizes in groups for _ in range(sizes)]


def _point(
    found: Bool[np.ndarray, "repeats queries"],
    pooled: QueryHits,
    ci: Interval,
    labels: CurveLabels,
    size: int,
) -> Point:
    rates = found.mean(axis=1)
    return Point(
        n_distractors=size,
        n_reference=labels.n_reference,
        hours=(size + labels.n_reference) * labels.hop_s / 3600,
        value=pooled.rate,
        std=float(rates.std(ddof=1)) if len(rates) > 1 else None,
        repeats=len(rates),
        n_queries=found.shape[1],
        ci=ci,
    )


def _simulated_points(
    evidence: Evidence | GrownEvidence, sizes: Sequence[int], k: int, labels: CurveLabels
) -> list[Point]:
    """Points from the simulated tail.

    More distractors never make a search find more. So a bound from above holds for all larger
    sizes, too; near a rate of 0, where an interval knows little, it is the better one.
    """
    points: list[Point] = []
    most, bound = 1.0, 1.0
    for size in sizes:
        simulated = simulate_hits(evidence, size, labels.tolerance_s, k)
        hits = whole_hits(simulated.hits)
        value = min(max(hits.rate, 0.0), most)
        ci = _interval(hits, evidence.clusters, size, k, labels)
        ci = _widen(ci, value, simulated.half_width(LEVEL))
        most, bound = value, min(bound, ci.high)
        points.append(
            Point(
                n_distractors=size,
                n_reference=labels.n_reference,
                hours=(size + labels.n_reference) * labels.hop_s / 3600,
                value=value,
                std=None,
                repeats=1,
                n_queries=len(hits.hits),
                ci=replace(ci, high=bound),
                found="simulated",
                simulation_error=simulated.error,
            )
        )
    return points


def _widen(ci: Interval, value: float, half: float) -> Interval:
    """The interval with the error of the simulation, which is independent of the queries."""
    low, high = widen(value, value - ci.low, ci.high - value, half)
    return replace(ci, low=low, high=high, method=f"{ci.method}, and error of the simulation")


def _interval(
    pooled: QueryHits,
    group: Int64[np.ndarray, " queries"],
    size: int,
    k: int,
    labels: CurveLabels,
) -> Interval:
    hits, databases = pooled.hits, pooled.databases
    rng = rng_at(labels.seed, Stream.BOOTSTRAP, size, k)
    if labels.estimator == 1:
        found = GroupInterval(*bootstrap_interval(hits, databases, group, rng, LEVEL), BOOTSTRAP)
    elif labels.estimator == 2:
        found = interval_over_tracks(hits, databases, group, rng, LEVEL)
    else:
        found = rate_interval(hits, databases, group, LEVEL)
    return Interval(level=LEVEL, low=found.low, high=found.high, method=found.method)
