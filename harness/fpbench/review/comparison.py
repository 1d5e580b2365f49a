"""Paired comparison of results: is one system better than another on the same queries?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import combinations
from logging import getLogger
from pathlib import Path

import numpy as np

from fpbench.errors import ErrorCollector, FpbenchError
from fpbench.evidence.evidence import Evidence, GrownEvidence, QueryColumns
from fpbench.evidence.files import evidence_name, find_evidence
from fpbench.evidence.intervals import difference_interval
from fpbench.evidence.sign_flips import correct_p_values, sign_flip_p_values
from fpbench.randomness import Stream, rng_at
from fpbench.results.comparable import ComparisonKey
from fpbench.results.data import QueryInfo
from fpbench.results.document import Curve, Point, Result
from fpbench.results.fields import DistractorKind
from fpbench.results.files import read_result
from fpbench.results.names import system_label
from fpbench.review.flipped_queries import PairedRanks
from fpbench.review.paired_points import Ranks, paired_hits, paired_ranks
from fpbench.review.synthetic_labels import generator_label

logger = getLogger(__name__)

HIGHEST_LEVEL = 0.995
"""Highest confidence level: for higher levels there are too few random sign patterns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Difference of two systems' hit rates for the same queries, first minus second.

    Args:
        points: The points of the two curves. Their sizes differ only if both databases hold all
            real distractors and one system makes more fingerprints of them.
        value: Difference of the rates over the databases that both results have, from -1 to 1.
        low: Lower end of its interval, which is not corrected for the number of tests.
        high: Upper end of its interval.
        p_value: Of a paired sign-flip test over groups or tracks, corrected for the number of
            tests.
        clear: Whether one of the two is better: the p-value is at most 1 minus the level.
    """

    metric: str
    tolerance_s: float | None
    points: tuple[Point, Point]
    value: float
    low: float
    high: float
    p_value: float
    clear: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Comparison of two systems with one index and one kind of distractors.

    Args:
        names: Names of the systems, with the generator and index settings in which they differ.
        results: Their results.
        generator: The generator of both, if the distractors are synthetic; with marks if its
            fingerprints are unlike real ones, or if it was fitted to another system.
        ranks: Ranks of each query for both systems, at every common size and tolerance.
        columns: Track, start time and degradations of each query; None for older evidence.
    """

    names: tuple[str, str]
    results: tuple[Result, Result] = field(repr=False)
    index: str
    distractors: DistractorKind
    generator: str | None
    queries: QueryInfo
    differences: Sequence[Difference]
    ranks: Sequence[PairedRanks] = field(repr=False)
    columns: QueryColumns | None = field(repr=False)


def compare_results(
    paths: Sequence[Path],
    level: float,
    *,
    against_first: bool = False,
    errors: ErrorCollector | None = None,
) -> list[Comparison]:
    """Compare every hit rate that two of some results have in common, query by query.

    A query that is hard for one system is usually hard for the other, so the difference has a much
    smaller error than either rate. Its interval is over groups of tracks, or over tracks where
    neither result knows groups. All p-values are corrected together, because among many tests some
    are small by chance.

    The results may be of different systems, or of one system with two generators or two index
    settings. Two systems with distractors of different generators are not compared.

    Args:
        paths: At least two results.
        level: Confidence level of the intervals, from 0.5 to ``HIGHEST_LEVEL``.
        against_first: Whether to compare only the first with each of the others, and not all pairs.
        errors: Takes the errors of results and pairs that cannot be compared, if others can; None
            raises them.

    Raises:
        FpbenchError: There are fewer than two results, the queries differ, no two results have a
            curve in common, evidence is missing, or the level is out of range.
    """
    if not 0.5 <= level <= HIGHEST_LEVEL:
        raise FpbenchError(
            f"level {level:g} is not from 0.5 to {HIGHEST_LEVEL:g}",
            hint="give a level such as 0.95 or 0.99",
        )
    if len(paths) < 2:
        raise FpbenchError(f"{len(paths)} result cannot be compared", hint="give two or more")
    left_out = ErrorCollector() if errors is None else errors
    sides = _read_sides(paths, left_out)
    if errors is None or len(sides) < 2 or (against_first and sides[0].path != paths[0]):
        left_out.raise_all()
    pairs = [(sides[0], other) for other in sides[1:]]
    if not against_first:
        pairs = list(combinations(sides, 2))
    load, comparisons = cache(_load_evidence), list[Comparison]()
    for pair in pairs:
        with left_out.collect():
            comparisons += _compare_pair(pair, sides, level, load)
    if errors is None or not comparisons:
        left_out.raise_all()
    if not comparisons:
        named = " and ".join(map(str, paths))
        raise FpbenchError(
            f"{named} have no curve in common",
            hint="run both with the same index, distractors, generator and tolerance",
        )
    return _correct(comparisons, level)


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """A result and its file."""

    path: Path
    result: Result


def _read_sides(paths: Sequence[Path], errors: ErrorCollector) -> list[_Side]:
    """The results that can be read and compared with the first of them."""
    sides: list[_Side] = []
    for path in paths:
        with errors.collect():
            side = _Side(path, read_result(path))
            if sides and ComparisonKey.of(sides[0].result) != ComparisonKey.of(side.result):
                raise FpbenchError(
                    f"{sides[0].path} and {path} differ in audio, queries or seed",
                    hint="run both with the same dataset, recipe and seed",
                )
            sides.append(side)
    return sides


_Load = Callable[[_Side, str, DistractorKind], Evidence | GrownEvidence]


def _compare_pair(
    pair: tuple[_Side, _Side], sides: Sequence[_Side], level: float, load: _Load
) -> Iterator[Comparison]:
    """The comparisons of two results, one for each index and kind of distractors."""
    first, second = pair
    results = one, other = first.result, second.result
    pairs = [
        (curve, match) for curve in one.curves if (match := _matching_curve(curve, one, other))
    ]
    if not pairs:
        logger.warning("%s and %s have no curve in common", first.path, second.path)
    for index, distractors in dict.fromkeys(_kind(curve) for curve, _ in pairs):
        curves = [pair for pair in pairs if _kind(pair[0]) == (index, distractors)]
        evidence = load(first, index, distractors), load(second, index, distractors)
        try:
            ranks = Ranks(evidence)
        except ValueError as err:
            raise FpbenchError(
                f"{first.path} and {second.path} have {err}",
                hint="use the same dataset for both, without the tracks that data.skipped names",
            ) from err
        differences = _differences(curves, results, ranks, level)
        if not differences:
            continue
        yield Comparison(
            names=_names(results, curves[0], [side.result for side in sides]),
            results=results,
            index=index,
            distractors=distractors,
            generator=_common_generator(results, distractors),
            queries=replace(one.queries, groups=one.queries.groups or other.queries.groups),
            differences=differences,
            ranks=list(paired_ranks(curves, results, ranks)),
            columns=evidence[0].queries or evidence[1].queries,
        )


def _correct(comparisons: Sequence[Comparison], level: float) -> list[Comparison]:
    """Correct the p-values of all differences together."""
    p_values = [d.p_value for one in comparisons for d in one.differences]
    corrected = iter(correct_p_values(p_values))
    return [
        replace(
            one,
            differences=[
                replace(d, p_value=(p := next(corrected)), clear=p <= 1 - level + _ROUNDING)
                for d in one.differences
            ],
        )
        for one in comparisons
    ]


_ROUNDING = 1e-12  # 1 - 0.95 is not 0.05


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


def _names(
    results: tuple[Result, Result], curves: tuple[Curve, Curve], shown: Sequence[Result]
) -> tuple[str, str]:
    settings = [dict(curve.index_parameters) for curve in curves]
    for own, result in zip(settings, results, strict=True):
        if curves[0].distractors == "synthetic" and result.generator is not None:
            own |= {"generator": generator_label([result]), **result.generator.parameters}
    names = []
    systems = [result.fingerprinter for result in shown]
    labels = [system_label(result.fingerprinter, systems, dtype=True) for result in results]
    for name, own, others in zip(labels, settings, reversed(settings), strict=True):
        different = [f"{key} {value}" for key, value in own.items() if others.get(key) != value]
        names.append(f"{name} ({', '.join(different)})" if different else name)
    return names[0], names[1]


def _load_evidence(
    side: _Side, index: str, distractors: DistractorKind
) -> Evidence | GrownEvidence:
    path, ending = side.path, evidence_name("", index, distractors)
    info = next((info for info in side.result.evidence if info.file.endswith(ending)), None)
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
    ranks: Ranks,
    level: float,
) -> list[Difference]:
    """The differences of all common points, with p-values that are not corrected."""
    seed, clusters = results[0].config.get("seed", 0), ranks.clusters
    found = list(paired_hits(pairs, results, ranks))
    if not found:
        return []
    of_queries = np.array([of_query for *_, of_query, _ in found])
    p_values = sign_flip_p_values(of_queries, clusters, rng_at(seed, Stream.SIGN_FLIPS))
    differences = []
    for (curve, points, of_query, databases), p in zip(found, p_values.tolist(), strict=True):
        low, high, _ = difference_interval(of_query, databases, clusters, level)
        differences.append(
            Difference(
                metric=curve.metric,
                tolerance_s=curve.tolerance_s,
                points=points,
                value=int(of_query.sum()) / (databases * len(of_query)),
                low=low,
                high=high,
                p_value=p,
                clear=False,
            )
        )
    return differences
