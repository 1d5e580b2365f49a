"""Paired comparison of two results: is one system better than another on the same queries?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from fpbench.errors import FpbenchError
from fpbench.evidence.bootstrap import interval_over_tracks
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.files import evidence_name, find_evidence
from fpbench.evidence.hit_rates import (
    DEFAULT_SIZES,
    QueryHits,
    difference_of_hits,
    pool_rises,
    ranks_at,
)
from fpbench.randomness import Stream, rng_at
from fpbench.results.comparable import ComparisonKey
from fpbench.results.document import Curve, DistractorKind, Point, QueryInfo, Result
from fpbench.results.files import read_result
from fpbench.results.names import system_label
from fpbench.review.synthetic_labels import generator_label

HIGHEST_LEVEL = 0.995
"""Highest confidence level: for higher levels the bootstrap has too few resamples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Difference of two systems' hit rates for the same queries, first minus second.

    Args:
        points: The points of the two curves. Their sizes differ only if both databases hold all
            real distractors and one system makes more fingerprints of them.
        value: Difference of the rates over the databases that both results have, from -1 to 1.
        low: Lower end of its interval.
        high: Upper end of its interval.
    """

    metric: str
    tolerance_s: float | None
    points: tuple[Point, Point]
    value: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether one of the two is better: the interval does not contain 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Comparison of two systems with one index and one kind of distractors.

    Args:
        names: Names of the systems, with the generator and index settings in which they differ.
        generator: The generator of both, if the distractors are synthetic; with marks if its
            fingerprints are unlike real ones, or if it was fitted to another system.
    """

    names: tuple[str, str]
    index: str
    distractors: DistractorKind
    generator: str | None
    queries: QueryInfo
    differences: Sequence[Difference]


def compare_results(first: Path, second: Path, level: float) -> list[Comparison]:
    """Compare every hit rate that two results have in common, query by query.

    A query that is hard for one system is usually hard for the other, so the difference has a much
    smaller error than either rate. Its interval is a bootstrap over tracks.

    The results may be of two systems, or of one system with two generators or two index settings.
    Two systems with distractors of different generators are not compared.

    Args:
        level: Confidence level of the intervals, from 0.5 to ``HIGHEST_LEVEL``.

    Raises:
        FpbenchError: The queries differ, the results have no curve in common, evidence is missing,
            or the level is out of range.
    """
    if not 0.5 <= level <= HIGHEST_LEVEL:
        raise FpbenchError(
            f"level {level:g} is not from 0.5 to {HIGHEST_LEVEL:g}",
            hint="give a level such as 0.95 or 0.99",
        )
    one, other = results = read_result(first), read_result(second)
    if ComparisonKey.of(one) != ComparisonKey.of(other):
        raise FpbenchError(
            f"{first} and {second} differ in audio, queries or seed",
            hint="run both with the same dataset, recipe and seed",
        )
    pairs = [
        (curve, match) for curve in one.curves if (match := _matching_curve(curve, one, other))
    ]
    if not pairs:
        raise FpbenchError(
            f"{first} and {second} have no curve in common",
            hint="run both with the same index, distractors, generator and tolerance",
        )
    comparisons = []
    for index, distractors in dict.fromkeys(_kind(curve) for curve, _ in pairs):
        curves = [pair for pair in pairs if _kind(pair[0]) == (index, distractors)]
        evidence = (
            _evidence(first, one, index, distractors),
            _evidence(second, other, index, distractors),
        )
        if not np.array_equal(evidence[0].query_track, evidence[1].query_track):
            raise FpbenchError(
                f"{first} and {second} have queries from different tracks: one left out some",
                hint="leave the tracks that data.skipped names out of the dataset",
            )
        comparisons.append(
            Comparison(
                names=_names(results, curves[0]),
                index=index,
                distractors=distractors,
                generator=_common_generator(results, distractors),
                queries=one.queries,
                differences=list(_differences(curves, results, evidence, level)),
            )
        )
    return comparisons


def _kind(curve: Curve) -> tuple[str, DistractorKind]:
    return curve.index, curve.distractors


def _matching_curve(wanted: Curve, one: Result, other: Result) -> Curve | None:
    """The curve of the other result with the same index, distractors, metric and tolerance."""
    generators = {_generator(result, wanted.distractors) for result in (one, other)}
    if len(generators) > 1 and len(set(_labels((one, other)))) > 1:
        return None

    def key(curve: Curve) -> tuple[object, ...]:
        return (*_kind(curve), curve.metric, curve.tolerance_s)

    return next((curve for curve in other.curves if key(curve) == key(wanted)), None)


def _generator(result: Result, distractors: DistractorKind) -> str | None:
    if distractors == "real" or result.generator is None:
        return None
    return result.generator.name


def _common_generator(results: Sequence[Result], distractors: DistractorKind) -> str | None:
    """The generator of both results, with marks; None if they have none or two."""
    names = {_generator(result, distractors) for result in results}
    return generator_label(results) if len(names) == 1 and None not in names else None


def _labels(results: Sequence[Result]) -> list[str]:
    systems = [result.fingerprinter for result in results]
    return [system_label(system, systems, dtype=True) for system in systems]


def _names(results: tuple[Result, Result], curves: tuple[Curve, Curve]) -> tuple[str, str]:
    settings = [dict(curve.index_parameters) for curve in curves]
    for own, result in zip(settings, results, strict=True):
        if curves[0].distractors == "synthetic" and result.generator is not None:
            own |= {"generator": generator_label([result]), **result.generator.parameters}
    names = []
    for name, own, others in zip(_labels(results), settings, reversed(settings), strict=True):
        different = [f"{key} {value}" for key, value in own.items() if others.get(key) != value]
        names.append(f"{name} ({', '.join(different)})" if different else name)
    return names[0], names[1]


def _evidence(
    path: Path, result: Result, index: str, distractors: DistractorKind
) -> Evidence | GrownEvidence:
    ending = evidence_name("", index, distractors)
    info = next((info for info in result.evidence if info.file.endswith(ending)), None)
    evidence = None if info is None else find_evidence(path, info)
    if evidence is None:
        name = path.stem + ending if info is None else info.file
        raise FpbenchError(
            f"the evidence {name} is not beside {path}, and queries cannot be compared without it",
            hint="run the result's command again; it uses what is in the cache",
        )
    return evidence


def _differences(
    pairs: Sequence[tuple[Curve, Curve]],
    results: tuple[Result, Result],
    evidence: tuple[Evidence | GrownEvidence, Evidence | GrownEvidence],
    level: float,
) -> Iterator[Difference]:
    @cache  # the same for HR@1, @3 and @10
    def ranks(side: int, size: int, tolerance_s: float | None) -> dict[int, np.ndarray]:
        return dict(ranks_at(evidence[side], size, tolerance_s))

    seed = results[0].config.get("seed", 0)
    for curves in pairs:
        metric, tolerance_s = curves[0].metric, curves[0].tolerance_s
        k = int(metric.removeprefix("hr@"))
        places = list(_common_sizes(curves, results))
        at_sizes = [[point.n_distractors for point in points] for points in places]
        found = [
            _common_hits(ranks(0, one, tolerance_s), ranks(1, other, tolerance_s), k)
            for one, other in at_sizes
        ]
        first, second = (pool_rises([pair[side] for pair in found]) for side in (0, 1))
        for points, sizes, hits, others in zip(places, at_sizes, first, second, strict=True):
            of_query, databases = difference_of_hits(hits, others)
            rng = rng_at(seed, Stream.BOOTSTRAP, *sizes, k)
            track = evidence[0].query_track
            low, high, _ = interval_over_tracks(
                of_query, databases, track, rng, level, limits=(-1.0, 1.0)
            )
            yield Difference(
                metric=metric,
                tolerance_s=tolerance_s,
                points=points,
                value=int(of_query.sum()) / (databases * len(of_query)),
                low=low,
                high=high,
            )


def _common_sizes(
    curves: tuple[Curve, Curve], results: tuple[Result, Result]
) -> Iterator[tuple[Point, Point]]:
    """Points of equal size; for real distractors also the last points, if both hold all of them."""
    second_points = {point.n_distractors: point for point in curves[1].points}
    for point in curves[0].points:
        if point.n_distractors in second_points:
            yield point, second_points[point.n_distractors]
    first_last, second_last = (curve.points[-1] for curve in curves)
    if (
        curves[0].distractors == "real"
        and first_last.n_distractors != second_last.n_distractors
        and all(_is_exhausted(*pair) for pair in zip(curves, results, strict=True))
    ):
        yield first_last, second_last


def _is_exhausted(curve: Curve, result: Result) -> bool:
    wanted = result.config.get("sizes") or DEFAULT_SIZES
    return curve.points[-1].n_distractors < max(wanted)


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
