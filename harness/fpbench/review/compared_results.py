"""Results that are compared: reading them, the curves that they have in common, their names."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fpbench.errors import ErrorCollector, FpbenchError
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.files import evidence_name, find_evidence
from fpbench.evidence.hit_rates import has_size, is_searched
from fpbench.results.comparable import ComparisonKey
from fpbench.results.document import Curve, Result
from fpbench.results.fields import DistractorKind
from fpbench.results.files import read_result, warn_of_copies
from fpbench.results.lengths import split_by_length
from fpbench.results.names import system_label
from fpbench.review.synthetic_labels import generator_label

_VALIDATE = "run the result's command again; `fpbench validate` names all that does not fit"


@dataclass(frozen=True, slots=True, eq=False)
class ComparedResult:
    """A result and its file."""

    path: Path
    result: Result


def read_compared(paths: Sequence[Path], errors: ErrorCollector) -> list[ComparedResult]:
    """The results that can be read and compared with the first of them.

    Args:
        paths: Files of results.
        errors: Takes the errors of the others.
    """
    sides: list[ComparedResult] = []
    for path in paths:
        with errors.collect():
            side = ComparedResult(path, read_result(path))
            if side.result.protocol is not None:
                raise FpbenchError(
                    f"{path} follows the protocol {side.result.protocol.name}, whose queries are "
                    "not compared one by one",
                    hint="compare its intervals, or results of runs without --protocol",
                )
            if sides and not _keys(sides[0]) & _keys(side):
                raise FpbenchError(
                    f"{sides[0].path} and {path} differ in audio, queries or seed",
                    hint="run both with the same dataset, recipe and seed",
                )
            sides.append(side)
    warn_of_copies((side.path, side.result) for side in sides)
    return sides


def _keys(side: ComparedResult) -> set[ComparisonKey]:
    """What the result of each length of queries may be compared with."""
    return set(map(ComparisonKey.of, split_by_length(side.result)))


def search_of(curve: Curve) -> tuple[str, DistractorKind]:
    """The index, and the kind of distractors."""
    return curve.index, curve.distractors


def matching_curve(wanted: Curve, one: Result, other: Result) -> Curve | None:
    """The curve of the other result with the same index, distractors, metric and tolerance."""
    generators = {_generator(result, wanted.distractors) for result in (one, other)}
    if len(generators) > 1 and len(set(_labels((one, other)))) > 1:
        return None

    def key(curve: Curve) -> tuple[object, ...]:
        return (*search_of(curve), curve.metric, curve.tolerance_s)

    return next((curve for curve in other.curves if key(curve) == key(wanted)), None)


def _generator(result: Result, distractors: DistractorKind) -> str | None:
    if distractors == "real" or result.generator is None:
        return None
    return result.generator.name


def common_generator(results: Sequence[Result], distractors: DistractorKind) -> str | None:
    """The generator of both results, with marks; None if they have none or two."""
    names = {_generator(result, distractors) for result in results}
    return generator_label(results) if len(names) == 1 and None not in names else None


def _labels(results: Sequence[Result]) -> list[str]:
    systems = [result.fingerprinter for result in results]
    return [system_label(system, systems, dtype=True) for system in systems]


def system_names(
    sides: Sequence[ComparedResult], curves: Sequence[Curve], shown: Sequence[ComparedResult]
) -> list[str]:
    """Names of systems, with the generator and index settings in which they differ.

    Results of one system that differ in nothing of this, such as those of two seeds, have the name
    of their file, too.

    Args:
        sides: Their results.
        curves: A curve of each result, with the same index and kind of distractors.
        shown: The results of all systems that are shown, among which a name must be one result's.
    """
    settings = [_settings(side.result, curve) for side, curve in zip(sides, curves, strict=True)]
    names = []
    for own, side in zip(settings, sides, strict=True):
        name = _label(side, shown)
        different = [
            f"{key} {value}"
            for key, value in own.items()
            if any(others.get(key) != value for others in settings)
        ]
        names.append(f"{name} ({', '.join(different)})" if different else name)
    return [_with_file(place, names, sides, shown) for place in range(len(names))]


def _label(side: ComparedResult, shown: Sequence[ComparedResult]) -> str:
    systems = [other.result.fingerprinter for other in shown]
    return system_label(side.result.fingerprinter, systems, dtype=True)


def _settings(result: Result, curve: Curve) -> dict[str, object]:
    """The settings of a search, by name."""
    index = result.index(curve.index, curve.distractors)
    settings: dict[str, object] = {} if index is None else dict(index.effective)
    if curve.distractors == "synthetic" and result.generator is not None:
        settings |= {"generator": generator_label([result]), **result.generator.parameters}
    return settings


def _with_file(
    place: int,
    names: Sequence[str],
    sides: Sequence[ComparedResult],
    shown: Sequence[ComparedResult],
) -> str:
    """A name, with the file if another result that is shown has it, or may have it."""
    name, own = names[place], sides[place]
    beside = {id(side): names[number] for number, side in enumerate(sides)}
    namesakes = [
        other.path
        for other in shown
        if other.path != own.path
        and _label(other, shown) == _label(own, shown)
        and beside.get(id(other), name) == name
    ]
    if not namesakes:
        return name
    file = own.path.name
    if any(path.name == file for path in namesakes):
        file = str(own.path)
    return f"{name.removesuffix(')')}, {file})" if name.endswith(")") else f"{name} ({file})"


def known_groups(results: Sequence[ComparedResult]) -> Evidence | GrownEvidence | None:
    """Evidence with the groups of tracks, if one of the results knows them.

    They hold for all results of the same queries, so that all intervals are over the same groups.
    """
    for each in results:
        if each.result.queries.groups is not None:
            for info in each.result.evidence:
                evidence = find_evidence(each.path, info)
                if evidence is not None and evidence.query_group is not None:
                    return evidence
    return None


def load_evidence(
    side: ComparedResult, index: str, distractors: DistractorKind
) -> Evidence | GrownEvidence:
    """The evidence of one search.

    Raises:
        FpbenchError: It is not beside the result, or lacks one of its sizes.
    """
    path, ending = side.path, evidence_name("", index, distractors)
    info = next((info for info in side.result.evidence if info.file.endswith(ending)), None)
    evidence = None if info is None else find_evidence(path, info)
    if evidence is None:
        name = path.stem + ending if info is None else info.file
        raise FpbenchError(
            f"the evidence {name} is not beside {path}, and queries cannot be compared without it",
            hint="run the result's command again; it uses what is in the cache",
        )
    _refuse_missing_size(side, index, distractors, evidence)
    return evidence


def _refuse_missing_size(
    side: ComparedResult,
    index: str,
    distractors: DistractorKind,
    evidence: Evidence | GrownEvidence,
) -> None:
    """Refuse evidence that lacks a size of the result that names it."""
    searched = f"the evidence of {index} with {distractors} distractors"
    for curve in side.result.curves:
        for point in curve.points if search_of(curve) == (index, distractors) else ():
            size = point.n_distractors
            has = {
                "searched": is_searched(evidence, size),
                "simulated": has_size(evidence, size, curve.tolerance_s),
            }
            if not has.get(point.found, True):
                raise FpbenchError(
                    f"{side.path}: {curve.metric} has a point whose 'n_distractors' is {size}, "
                    f"{point.found}, and {searched} has no database of this size",
                    hint=_VALIDATE,
                )
