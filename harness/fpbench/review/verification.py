"""Does a result follow the format, and do its numbers follow from its evidence?"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from fpbench.errors import FpbenchError
from fpbench.evidence.evidence import Evidence, GrownEvidence, repeats
from fpbench.evidence.files import evidence_name, find_evidence
from fpbench.evidence.hit_rates import CurveLabels, hit_rate_curves
from fpbench.plugin.loading import PREFIX
from fpbench.results.document import Curve, EvidenceInfo, Point, Result
from fpbench.results.files import read_result

ROUNDING = 1e-9
"""Rates that differ by less were computed by another version of NumPy."""


def validate_result(path: Path) -> list[str]:
    """Check one result file.

    Returns:
        What could not be checked because its evidence is not beside it; empty if all was.

    Raises:
        FpbenchError: The result breaks the format, contradicts itself, or has a number that does
            not follow from the evidence.
    """
    result = read_result(path)
    for contradiction in _contradictions(result):
        raise FpbenchError(f"{path}: {contradiction}", hint=_NOT_BY_HAND)
    unchecked = []
    for info in result.evidence:
        evidence = find_evidence(path, info)
        if evidence is None:
            unchecked.append(f"{info.file} is not there: its curves were not computed again")
            continue
        for contradiction in _differences(result, _curves_of(result, info), evidence):
            raise FpbenchError(f"{path}: {contradiction}", hint=_NOT_BY_HAND)
    return unchecked


_NOT_BY_HAND = "results are written by `fpbench run`, not by hand"


def _curves_of(result: Result, info: EvidenceInfo) -> list[Curve]:
    """The curves that follow from one file, whatever the result was called at first."""
    return [
        c for c in result.curves if info.file.endswith(evidence_name("", c.index, c.distractors))
    ]


def _contradictions(result: Result) -> Iterator[str]:
    """What cannot be, whatever the evidence says."""
    seed = result.config.get("seed")
    if not isinstance(seed, int) or seed < 0:
        yield f"config.seed is {seed!r}"
    for info in result.evidence:
        if not _curves_of(result, info):
            yield f"no curve belongs to the evidence {info.file}"
    listed = {id(curve) for info in result.evidence for curve in _curves_of(result, info)}
    times = Counter(map(_curve_name, result.curves))
    for curve in result.curves:
        said = ["no evidence is listed for it"] if id(curve) not in listed else []
        said += ["it is listed twice"] if times[_curve_name(curve)] > 1 else []
        for contradiction in [*said, *_check_curve(result, curve)]:
            yield f"{_curve_name(curve)}: {contradiction}"
    yield from _check_names(result)
    yield from _check_queries(result)
    yield from _check_status(result)


def _check_names(result: Result) -> Iterator[str]:
    parts = {"fingerprinter": result.fingerprinter, "generator": result.generator}
    for kind, part in parts.items():
        if part is None or (kind == "fingerprinter" and _is_ready_made(result)):
            continue
        wanted = str(result.config.get(kind))
        # What an entry in a plugin:FILE is called, only that file says.
        if not wanted.startswith(PREFIX) and wanted.partition(":")[0] != part.name:
            yield f"{kind}.name is {part.name!r}, but config.{kind} {wanted!r}"


def _check_queries(result: Result) -> Iterator[str]:
    queries, recipe = result.queries, result.config.get("recipe")
    if _is_ready_made(result):  # no recipe made them, and a file may hold fewer than wanted
        return
    if not isinstance(recipe, Mapping):
        yield f"config.recipe is {recipe!r}"
        return
    keys = sorted({*queries.recipe, *recipe})
    made = {f"recipe.{key}": (queries.recipe.get(key), key) for key in keys}
    made |= {"n": (queries.n, "n_queries"), "length_s": (queries.length_s, "query_length_s")}
    for field, (told, key) in made.items():
        if told != recipe.get(key):
            yield f"queries.{field} is {told!r}, but config.recipe.{key} {recipe.get(key)!r}"


def _check_status(result: Result) -> Iterator[str]:
    """A run is partial where real distractors alone end below the largest size wanted."""
    sizes = result.config.get("sizes")
    if not isinstance(sizes, list) or not all(isinstance(size, int) for size in sizes):
        yield f"config.sizes is {sizes!r}"
        return
    wanted = 0 if result.config.get("distractors") == "none" else max(sizes, default=0)
    reached = max(point.n_distractors for curve in result.curves for point in curve.points)
    if (result.status == "partial") != (wanted > reached):
        yield f"status is {result.status}, but curves reach {reached} distractors, of {wanted}"


def _is_ready_made(result: Result) -> bool:
    """Whether queries are rows of a file, which no fingerprinter of the run made."""
    return "ready_made" in result.queries.recipe


def _check_curve(result: Result, curve: Curve) -> Iterator[str]:
    sizes = [point.n_distractors for point in curve.points]
    if sizes != sorted(set(sizes)):
        yield f"sizes {sizes} do not rise"
    if curve.query_length_s != result.queries.length_s:
        yield f"queries of {curve.query_length_s:g} s in a result of {result.queries.length_s:g} s"
    if curve.distractors == "synthetic":
        if result.generator is None:
            yield "no generator is named"
        elif not (result.fidelity or {}).get("statistics"):
            yield "synthetic distractors without a fidelity block say nothing"
    fingerprinter, whole = result.fingerprinter, result.data.reference_fingerprints
    single = result.queries.length_s < fingerprinter.segment_s + fingerprinter.hop_s / 2
    for point in curve.points:
        at = f"at {point.n_distractors} distractors"
        if not point.ci.low <= point.value <= point.ci.high:
            yield f"{point.value} {at} lies outside its interval"
        if point.n_queries != result.queries.n:
            yield f"{point.n_queries} queries {at}, of {result.queries.n}"
        # A query of several fingerprints is looked for among runs, of which there are fewer.
        if point.n_reference > whole or (single and point.n_reference < whole):
            yield f"{point.n_reference} reference fingerprints {at}, of {whole}"
        hours = (point.n_distractors + point.n_reference) * fingerprinter.hop_s / 3600
        if not math.isclose(point.hours, hours, rel_tol=ROUNDING):
            yield f"{point.hours} hours {at}, which are {hours}"


def _differences(
    result: Result, curves: Sequence[Curve], evidence: Evidence | GrownEvidence
) -> Iterator[str]:
    """What does not follow from the evidence of some curves."""
    asked, tracks = len(evidence.query_track), len(np.unique(evidence.query_track))
    if (asked, tracks) != (result.queries.n, result.queries.tracks):
        yield (
            f"it has {result.queries.n} queries of {result.queries.tracks} tracks, but the "
            f"evidence {asked} of {tracks}"
        )
    for curve in curves:
        sizes = [point.n_distractors for point in curve.points]
        strange = [size for size in sizes if not _has_size(evidence, size)]
        if strange:
            yield f"{_curve_name(curve)}: the evidence has no database of {strange[0]} distractors"
            continue
        labels = CurveLabels(
            distractors=curve.distractors,
            index=curve.index,
            index_parameters=curve.index_parameters,
            tolerance_s=curve.tolerance_s,
            query_length_s=curve.query_length_s,
            n_reference=curve.points[0].n_reference,
            hop_s=result.fingerprinter.hop_s,
            seed=result.config["seed"],
        )
        computed = {c.metric: c for c in hit_rate_curves(evidence, sizes, labels)}
        if curve.metric not in computed:
            yield f"{_curve_name(curve)}: this metric is not known"
            continue
        for point, again in zip(curve.points, computed[curve.metric].points, strict=True):
            for field, (told, found) in _unequal(point, again).items():
                yield (
                    f"{_curve_name(curve)}: {field} at {point.n_distractors} distractors is "
                    f"{told}, but the evidence gives {found}"
                )


def _has_size(evidence: Evidence | GrownEvidence, size: int) -> bool:
    if isinstance(evidence, GrownEvidence):
        return size in evidence.sizes
    return size == 0 or bool(repeats(evidence.edges, size))


def _unequal(told: Point, found: Point) -> Mapping[str, tuple[object, object]]:
    """Fields in which two points differ by more than rounding."""
    a, b = _flatten(told), _flatten(found)
    return {name: (a[name], b[name]) for name in a if not _equal(a[name], b[name])}


def _equal(a: object, b: object) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=ROUNDING, abs_tol=ROUNDING)
    return a == b


def _flatten(point: Point) -> dict[str, object]:
    plain = asdict(point)
    interval = plain.pop("ci")
    return plain | {f"ci.{name}": value for name, value in interval.items()}


def _curve_name(curve: Curve) -> str:
    where = "in the track" if curve.tolerance_s is None else f"within {curve.tolerance_s:g} s"
    return f"curve {curve.metric} {where} with {curve.index}, {curve.distractors}"
