"""Is one system better than another, or were the questions easy for it?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int64

from fpbench.bootstrap import interval_over_tracks
from fpbench.curves import ranks_at
from fpbench.errors import FpbenchError
from fpbench.evidence import Evidence, GrownEvidence
from fpbench.evidence_files import evidence_name, evidence_of
from fpbench.randomness import Stream, rng_at
from fpbench.results import Curve, DistractorKind, Question, Result, read_result


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How much more often the first of two systems hits, asked the same questions.

    Args:
        n_distractors: In the first system's database and in the second's. They differ only where
            both hold all real ones, and one system makes more fingerprints of them.
        value: Difference of the rates, from -1 to 1.
        low: Of its interval.
        high: Of its interval; where 0 lies outside, one of them is better.
    """

    index: str
    distractors: DistractorKind
    metric: str
    tolerance_s: float | None
    n_distractors: tuple[int, int]
    value: float
    low: float
    high: float


def compare_results(first: Path, second: Path, level: float) -> list[Difference]:
    """Every hit rate that two results have in common, query by query.

    A query that is hard for one system is as a rule hard for the other, so that the difference is
    known much better than either rate. Its interval is a bootstrap over tracks.

    Args:
        level: Of the intervals, such as 0.99.

    Raises:
        FpbenchError: They were not asked the same, or have no curve in common, or evidence lacks.
    """
    results = read_result(first), read_result(second)
    if Question.of(results[0]) != Question.of(results[1]):
        raise FpbenchError(
            f"{first} and {second} have other audio, other queries or another seed",
            hint="run both with the same dataset, recipe and seed",
        )
    curves = [(one, _like(one, results[1])) for one in results[0].curves]
    shared = [(one, other) for one, other in curves if other is not None]
    if not shared:
        raise FpbenchError(
            f"{first} and {second} have no curve in common",
            hint="run both with the same index, distractors and tolerance",
        )
    names = dict.fromkeys(_name(one) for one, _ in shared)
    evidence = [
        {name: _evidence(path, result, *name) for name in names}
        for path, result in zip((first, second), results, strict=True)
    ]
    seed = results[0].config.get("seed", 0)
    return [
        difference
        for one, other in shared
        for difference in _differences(one, other, evidence, seed, level)
    ]


def _name(curve: Curve) -> tuple[str, DistractorKind]:
    return curve.index, curve.distractors


def _like(wanted: Curve, result: Result) -> Curve | None:
    """The curve of another result that measures the same."""

    def key(curve: Curve) -> tuple[object, ...]:
        return (*_name(curve), curve.metric, curve.tolerance_s)

    return next((curve for curve in result.curves if key(curve) == key(wanted)), None)


def _evidence(
    path: Path, result: Result, index: str, distractors: DistractorKind
) -> Evidence | GrownEvidence:
    ending = evidence_name("", index, distractors)
    for info in result.evidence:
        if info.file.endswith(ending) and (evidence := evidence_of(path, info)) is not None:
            return evidence
    raise FpbenchError(
        f"the evidence {path.stem}{ending} is not beside {path}, and queries cannot be compared "
        "without it",
        hint="run the result's command again; what is in the cache is not done again",
    )


def _differences(
    one: Curve,
    other: Curve,
    evidence: Sequence[Mapping[tuple[str, DistractorKind], Evidence | GrownEvidence]],
    seed: int,
    level: float,
) -> Iterator[Difference]:
    first, second = (found[_name(one)] for found in evidence)
    if not np.array_equal(first.query_track, second.query_track):
        raise FpbenchError(
            "the two systems were asked about other tracks: one of them left out some",
            hint="the results' data.skipped names them; leave them out of the dataset",
        )
    k = int(one.metric.removeprefix("hr@"))
    for sizes in _sizes(one, other):
        hits = [
            np.stack(list(ranks_at(cells, size, one.tolerance_s))) < k
            for cells, size in zip((first, second), sizes, strict=True)
        ]
        more, times = _difference(hits[0], hits[1])
        rng = rng_at(seed, Stream.BOOTSTRAP, *sizes, k)
        low, high = interval_over_tracks(more, times, first.query_track, rng, level)
        yield Difference(
            index=one.index,
            distractors=one.distractors,
            metric=one.metric,
            tolerance_s=one.tolerance_s,
            n_distractors=sizes,
            value=int(more.sum()) / (times * len(more)),
            low=low,
            high=high,
        )


def _sizes(one: Curve, other: Curve) -> list[tuple[int, int]]:
    """Those that both have; of real distractors also all that there are, however many."""
    mine, theirs = ([point.n_distractors for point in curve.points] for curve in (one, other))
    shared = [(size, size) for size in mine if size in theirs]
    whole = (mine[-1], theirs[-1])
    if one.distractors == "real" and whole not in shared:
        shared.append(whole)
    return shared


def _difference(
    first: Bool[np.ndarray, "repeats queries"], second: Bool[np.ndarray, "others queries"]
) -> tuple[Int64[np.ndarray, " queries"], int]:
    """Hits of the first less those of the second, as often as if both had as many repeats."""
    more = first.sum(axis=0) * len(second) - second.sum(axis=0) * len(first)
    return more, len(first) * len(second)
