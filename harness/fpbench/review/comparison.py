"""Paired comparison of results: is one system better than another on the same queries?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import combinations
from logging import getLogger
from pathlib import Path

import numpy as np

from fpbench.errors import ErrorCollector, FpbenchError
from fpbench.evidence.evidence import Evidence, GrownEvidence, QueryColumns
from fpbench.evidence.sign_flips import correct_p_values
from fpbench.results.comparable import ComparisonKey
from fpbench.results.data import QueryInfo
from fpbench.results.document import Result
from fpbench.results.fields import DistractorKind
from fpbench.results.lengths import split_by_length
from fpbench.review.compared_results import (
    ComparedResult,
    common_generator,
    known_groups,
    load_evidence,
    matching_curve,
    read_compared,
    search_of,
    system_names,
)
from fpbench.review.differences import Difference, hit_rate_differences
from fpbench.review.false_reject_differences import (
    FalseRejectDifference,
    false_reject_differences,
)
from fpbench.review.flipped_queries import PairedRanks
from fpbench.review.paired_points import Ranks, paired_ranks

logger = getLogger(__name__)

HIGHEST_LEVEL = 0.995
"""Highest confidence level: for higher levels there are too few random sign patterns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Comparison of two systems with one index, kind of distractors and length of queries.

    Args:
        names: Names of the systems, with the generator and index settings in which they differ.
        places: Places of their results among all that are compared in one call.
        sides: Their results, with their files.
        generator: The generator of both, if the distractors are synthetic; with marks if its
            fingerprints are unlike real ones, or if it was fitted to another system.
        queries: The queries; ``groups`` is the number of those that intervals are over.
        ranks: Ranks of each query for both systems, at every common size and tolerance.
        columns: Track, start time and degradations of each query; None for older evidence.
        false_rejects: Differences of false rejects at equal false accepts, where the evidence tells
            them; they are not tested.
        several_lengths: Whether results have queries of several lengths, of which this is one.
    """

    names: tuple[str, str]
    places: tuple[int, int]
    sides: tuple[ComparedResult, ComparedResult] = field(repr=False)
    index: str
    distractors: DistractorKind
    generator: str | None
    queries: QueryInfo
    differences: Sequence[Difference]
    ranks: Sequence[PairedRanks] = field(repr=False)
    columns: QueryColumns | None = field(repr=False)
    false_rejects: Sequence[FalseRejectDifference] = ()
    several_lengths: bool = False

    @property
    def search(self) -> tuple[str, DistractorKind, float]:
        """Index, kind of distractors and length of the queries."""
        return self.index, self.distractors, self.queries.length_s

    @property
    def search_label(self) -> str:
        """The same for headings, with the length only where there are several."""
        label = f"{self.index}, {self.distractors} distractors"
        return f"{label}, queries of {self.queries.length_s:g} s" if self.several_lengths else label

    @property
    def results(self) -> tuple[Result, Result]:
        """The results of both."""
        first, second = self.sides
        return first.result, second.result


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
    sides = read_compared(paths, left_out)
    if errors is None or len(sides) < 2 or (against_first and sides[0].path != paths[0]):
        left_out.raise_all()
    places = [(0, place) for place in range(1, len(sides))]
    if not against_first:
        places = list(combinations(range(len(sides)), 2))
    comparisons = list[Comparison]()
    contexts = _contexts(sides, level)
    for pair in places:
        for context in contexts:
            if all(place in context.by_place for place in pair):
                with left_out.collect():
                    comparisons += _compare_pair(pair, context)
    if errors is None or not comparisons:
        left_out.raise_all()
    if not comparisons:
        named = " and ".join(map(str, paths))
        raise FpbenchError(
            f"{named} have no curve in common",
            hint="run both with the same index, distractors, generator and tolerance",
        )
    return _correct(comparisons, level)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """What the comparisons of all pairs have in common, for queries of one length.

    Args:
        by_place: The part of each result that has this length, by its place among all.
        level: Confidence level.
        known: Evidence with the groups of tracks.
        load: Reads evidence.
        several_lengths: Whether there are other lengths.
    """

    by_place: Mapping[int, ComparedResult]
    level: float
    known: Evidence | GrownEvidence | None
    load: Callable[[ComparedResult, str, DistractorKind], Evidence | GrownEvidence]
    several_lengths: bool

    @property
    def sides(self) -> Sequence[ComparedResult]:
        """The parts."""
        return list(self.by_place.values())


def _contexts(sides: Sequence[ComparedResult], level: float) -> list[_Context]:
    """One for each length of queries, in the order of the first results that have it."""
    by_key: dict[ComparisonKey, dict[int, ComparedResult]] = {}
    for place, side in enumerate(sides):
        for part in split_by_length(side.result):
            of_length = by_key.setdefault(ComparisonKey.of(part), {})
            of_length[place] = ComparedResult(side.path, part)
    return [
        _Context(
            by_place=by_place,
            level=level,
            known=known_groups(list(by_place.values())),
            load=cache(load_evidence),
            several_lengths=len(by_key) > 1,
        )
        for by_place in by_key.values()
        if len(by_place) > 1
    ]


def _compare_pair(places: tuple[int, int], context: _Context) -> Iterator[Comparison]:
    """The comparisons of two results, one for each index and kind of distractors."""
    pair = first, second = context.by_place[places[0]], context.by_place[places[1]]
    results = one, other = first.result, second.result
    pairs = [(curve, match) for curve in one.curves if (match := matching_curve(curve, one, other))]
    if not pairs:
        logger.warning("%s and %s have no curve in common", first.path, second.path)
    for index, distractors in dict.fromkeys(search_of(curve) for curve, _ in pairs):
        curves = [pair for pair in pairs if search_of(pair[0]) == (index, distractors)]
        evidence = tuple(context.load(side, index, distractors) for side in pair)
        try:
            ranks = Ranks((evidence[0], evidence[1]), context.known)
        except ValueError as err:
            raise FpbenchError(
                f"{first.path} and {second.path} have {err}",
                hint="use the same dataset for both, without the tracks that data.skipped names",
            ) from err
        differences = hit_rate_differences(curves, results, ranks, context.level)
        if not differences:
            continue
        name, other_name = system_names(pair, curves[0], context.sides)
        yield Comparison(
            names=(name, other_name),
            places=places,
            sides=pair,
            index=index,
            distractors=distractors,
            generator=common_generator(results, distractors),
            queries=replace(
                one.queries, groups=None if ranks.groups is None else len(np.unique(ranks.groups))
            ),
            differences=differences,
            false_rejects=false_reject_differences(differences, ranks, context.level),
            ranks=list(paired_ranks(curves, results, ranks)),
            columns=evidence[0].queries or evidence[1].queries,
            several_lengths=context.several_lengths,
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


def length_text(one: Comparison, comparisons: Sequence[Comparison]) -> str:
    """Names the length of the queries, if there are several."""
    several = len({each.queries.length_s for each in comparisons}) > 1
    return f", queries of {one.queries.length_s:g} s" if several else ""
