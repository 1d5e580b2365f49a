"""The points that two results have in common, with the ranks and hits of both."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.extrapolation import Extrapolation
from fpbench.evidence.hit_rates import (
    QueryHits,
    pool_rises,
    ranks_at,
    simulate_hits,
    whole_hits,
)
from fpbench.results.document import DEFAULT_SIZES, Curve, Point, Result
from fpbench.review.flipped_queries import PairedRanks, shortlist_length

EvidencePair = tuple[Evidence | GrownEvidence, Evidence | GrownEvidence]


def common_groups(
    evidence: EvidencePair, known: Evidence | GrownEvidence | None = None
) -> Int64[np.ndarray, " queries"] | None:
    """The group of each query, which paired intervals are over; None if groups are unknown.

    Args:
        evidence: Of the two results.
        known: Of a third result that knows the groups, for two that do not.

    Raises:
        ValueError: The queries are from different tracks, or their tracks in different groups.
    """
    first, second = evidence
    if not np.array_equal(first.query_track, second.query_track):
        raise ValueError("queries from different tracks: one left out some")
    if first.query_group is not None and second.query_group is not None:
        pairs = np.unique([first.query_group, second.query_group], axis=1).shape[1]
        if {len(np.unique(one.clusters)) for one in evidence} != {pairs}:
            raise ValueError("tracks in different groups")
    groups = first.query_group if first.query_group is not None else second.query_group
    if groups is None and known is not None:
        return known.query_group if np.array_equal(known.query_track, first.query_track) else None
    return groups


class PairedHits(NamedTuple):
    """The hits of two systems at one common point, in the databases that both results have."""

    curve: Curve
    points: tuple[Point, Point]
    hits: tuple[QueryHits, QueryHits]


class Ranks:
    """Ranks in the evidence of two results, each computed once: HR@1, @3 and @10 share them.

    So do the tails that their curves are extrapolated from.
    """

    def __init__(
        self, evidence: EvidencePair, known: Evidence | GrownEvidence | None = None
    ) -> None:
        self.evidence = evidence
        self.groups = common_groups(evidence, known)
        self._known: dict[tuple[int, int, float | None], dict[int, np.ndarray]] = {}
        self._extrapolations: dict[tuple[int, tuple[int, ...]], Extrapolation] = {}

    @property
    def clusters(self) -> Int64[np.ndarray, " queries"]:
        """What intervals are over: the group of each query, or its track if it is unknown."""
        return self.evidence[0].query_track if self.groups is None else self.groups

    def at(self, side: int, size: int, tolerance_s: float | None) -> dict[int, np.ndarray]:
        """Ranks of one side, by the number of the database's first distractor."""
        key = (side, size, tolerance_s)
        if key not in self._known:
            self._known[key] = dict(ranks_at(self.evidence[side], size, tolerance_s))
        return self._known[key]

    def probable_hits(
        self, side: int, curve: Curve, point: Point
    ) -> Float64[np.ndarray, " queries"]:
        """How probably each query of one side hits at a size that was not searched."""
        evidence, size = self.evidence[side], point.n_distractors
        tolerance_s, k = curve.tolerance_s, _rank(curve)
        if point.found == "simulated" or isinstance(evidence, GrownEvidence):
            return simulate_hits(evidence, size, tolerance_s, k).hits
        searched = tuple(p.n_distractors for p in curve.points if p.found == "searched")
        key = (side, searched)
        if key not in self._extrapolations:
            self._extrapolations[key] = Extrapolation(evidence, searched)
        return self._extrapolations[key].hits(size, tolerance_s, k).hits


def paired_hits(
    pairs: Sequence[tuple[Curve, Curve]],
    results: tuple[Result, Result],
    ranks: Ranks,
) -> Iterator[PairedHits]:
    """The hits at each common point."""
    for curves in pairs:
        curve, tolerance_s = curves[0], curves[0].tolerance_s
        k = _rank(curve)
        common = list(_common_sizes(curves, results))
        places = [pair for pair in common if pair[0].found == "searched"]
        found = [
            _common_hits(
                ranks.at(0, one.n_distractors, tolerance_s),
                ranks.at(1, other.n_distractors, tolerance_s),
                k,
            )
            for one, other in places
        ]
        first, second = (pool_rises([pair[side] for pair in found]) for side in (0, 1))
        for points, hits, others in zip(places, first, second, strict=True):
            yield PairedHits(curve, points, (hits, others))
        for points in (pair for pair in common if pair[0].found != "searched"):
            hits, others = (
                whole_hits(ranks.probable_hits(side, curves[side], points[side])) for side in (0, 1)
            )
            yield PairedHits(curve, points, (hits, others))


def paired_ranks(
    pairs: Sequence[tuple[Curve, Curve]], results: tuple[Result, Result], ranks: Ranks
) -> Iterator[PairedRanks]:
    """The ranks at each common size and tolerance, in the database that both begin with.

    Points that were not searched have no ranks.
    """
    one, other = (shortlist_length(evidence) for evidence in ranks.evidence)
    for curves in pairs:
        tolerance_s = curves[0].tolerance_s
        if curves[0].metric != "hr@1":
            continue
        for points in _common_sizes(curves, results):
            if points[0].found != "searched":
                continue
            sizes = points[0].n_distractors, points[1].n_distractors
            yield PairedRanks(
                tolerance_s=tolerance_s,
                n_distractors=sizes,
                first=ranks.at(0, sizes[0], tolerance_s)[0],
                second=ranks.at(1, sizes[1], tolerance_s)[0],
                shortlists=(one, other),
            )


def _common_sizes(
    curves: tuple[Curve, Curve], results: tuple[Result, Result]
) -> Iterator[tuple[Point, Point]]:
    """Points of equal size that were found in the same way.

    For real distractors also the last points, if both hold all of them.
    """
    second_points = {(point.n_distractors, point.found): point for point in curves[1].points}
    for point in curves[0].points:
        key = point.n_distractors, point.found
        if key in second_points:
            yield point, second_points[key]
    first_last, second_last = map(_last_searched, curves)
    if (
        curves[0].distractors == "real"
        and first_last.n_distractors != second_last.n_distractors
        and all(_is_exhausted(*pair) for pair in zip(curves, results, strict=True))
    ):
        yield first_last, second_last


def _is_exhausted(curve: Curve, result: Result) -> bool:
    wanted = result.config.get("sizes") or DEFAULT_SIZES
    return _last_searched(curve).n_distractors < max(wanted)


def _last_searched(curve: Curve) -> Point:
    return [p for p in curve.points if p.found == "searched"][-1]


def _rank(curve: Curve) -> int:
    return int(curve.metric.removeprefix("hr@"))


def _common_hits(
    first: dict[int, np.ndarray], second: dict[int, np.ndarray], k: int
) -> tuple[QueryHits, QueryHits]:
    """Hits of both in the databases with the same first distractor.

    The number of databases of a size depends on the other sizes of the run.

    Args:
        first: Ranks of the true matches by the first distractor of a database.
        second: The same for the second result.
        k: Ranks below k are hits.
    """
    starts = [start for start in first if start in second]
    hits = [np.stack([ranks[start] < k for start in starts]) for ranks in (first, second)]
    one, other = (QueryHits(each.sum(axis=0, dtype=np.int64), len(each)) for each in hits)
    return one, other
