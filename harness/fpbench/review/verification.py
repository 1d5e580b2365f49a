"""Check that a result follows the format, and that its numbers follow from its evidence."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from fpbench.errors import FpbenchError
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.false_accepts import measure_false_accepts
from fpbench.evidence.files import evidence_name, find_evidence
from fpbench.evidence.gaps import SearchedSizes, hit_rate_gaps
from fpbench.evidence.hit_rates import CurveLabels, has_size, hit_rate_curves
from fpbench.evidence.tail_checks import check_tail
from fpbench.plugin.loading import PREFIX
from fpbench.results.document import Curve, EvidenceInfo, Point, Result
from fpbench.results.fields import DistractorKind
from fpbench.results.files import read_result
from fpbench.review.shown_paths import refuse_folder_names, refuse_in_columns
from fpbench.review.synthetic_labels import find_result_deviation

ROUNDING = 1e-9
"""Relative difference that another version of NumPy may cause."""


def validate_result(path: Path) -> list[str]:
    """Check one result file.

    Returns:
        A message for each evidence file that is missing beside the result, so that its curves could
        not be checked.

    Raises:
        FpbenchError: The result breaks the format, contradicts itself, holds an absolute path, has
            synthetic distractors that are far from real ones, or has a number that does not follow
            from the evidence.
    """
    result = read_result(path)
    refuse_folder_names(path)
    for contradiction in _contradictions(result):
        raise FpbenchError(f"{path}: {contradiction}", hint=_NOT_BY_HAND)
    deviation = find_result_deviation(result)
    if deviation is not None and result.generator is not None:
        raise FpbenchError(
            f"{path}: generator {result.generator.name} is unlike real fingerprints: {deviation}",
            hint="fit a generator to this system, as a run without --generator-weights does",
        )
    unchecked = []
    sides: dict[tuple[str, DistractorKind], SearchedSizes] = {}
    for info in result.evidence:
        evidence = find_evidence(path, info)
        refuse_in_columns(path.with_name(info.file), evidence.queries if evidence else None)
        if evidence is None:
            unchecked.append(f"{info.file} is missing, so its curves were not computed again")
            continue
        for contradiction in _check_evidence(result, _curves_of(result, info), evidence):
            raise FpbenchError(f"{path}: {contradiction}", hint=_NOT_BY_HAND)
        for contradiction in _check_false_accepts(result, _curves_of(result, info), evidence):
            raise FpbenchError(f"{path}: {contradiction}", hint=_NOT_BY_HAND)
        for contradiction in _check_tail(result, _curves_of(result, info), evidence):
            raise FpbenchError(f"{path}: {contradiction}", hint=_NOT_BY_HAND)
        for curve in _curves_of(result, info):
            sizes = [p.n_distractors for p in curve.points if p.found == "searched"]
            sides[curve.index, curve.distractors] = SearchedSizes(evidence, sizes)
    for contradiction in _check_gaps(result, sides):
        raise FpbenchError(f"{path}: {contradiction}", hint=_NOT_BY_HAND)
    return unchecked


_NOT_BY_HAND = "run `fpbench run` again, and do not edit the result that it writes"


def _curves_of(result: Result, info: EvidenceInfo) -> list[Curve]:
    """The curves that follow from one evidence file, even if the result was renamed."""
    return [
        c for c in result.curves if info.file.endswith(evidence_name("", c.index, c.distractors))
    ]


def _contradictions(result: Result) -> Iterator[str]:
    """Contradictions within the result itself."""
    seed = result.config.get("seed")
    if not isinstance(seed, int) or seed < 0:
        yield f"config.seed is {seed!r}, not a whole number of at least 0"
    for info in result.evidence:
        if not _curves_of(result, info):
            yield f"no curve belongs to the evidence {info.file}"
    with_evidence = {id(curve) for info in result.evidence for curve in _curves_of(result, info)}
    counts = Counter(map(_curve_name, result.curves))
    for curve in result.curves:
        listing = ["no evidence is listed for it"] if id(curve) not in with_evidence else []
        listing += ["it is listed twice"] if counts[_curve_name(curve)] > 1 else []
        for contradiction in [*listing, *_check_curve(result, curve)]:
            yield f"{_curve_name(curve)}: {contradiction}"
    yield from _check_names(result)
    yield from _check_queries(result)
    yield from _check_status(result)
    if result.generator is not None and result.generator.foreign:
        if result.config.get("foreign_generator") is not True:
            yield "generator.foreign is true, but config.foreign_generator is not"
        if result.generator.fitted_to is None:
            yield "generator.foreign is true, but generator.fitted_to is empty"


def _check_names(result: Result) -> Iterator[str]:
    parts = {"fingerprinter": result.fingerprinter, "generator": result.generator}
    for kind, part in parts.items():
        if part is None or (kind == "fingerprinter" and _is_ready_made(result)):
            continue
        config_name = str(result.config.get(kind))
        # For plugin:FILE, the name of the entry is only in that file.
        if not config_name.startswith(PREFIX) and config_name.partition(":")[0] != part.name:
            yield f"{kind}.name is {part.name!r}, but config.{kind} is {config_name!r}"


def _check_queries(result: Result) -> Iterator[str]:
    queries, recipe = result.queries, result.config.get("recipe")
    if _is_ready_made(result):  # they have no recipe, and a file may hold fewer than n_queries
        return
    if not isinstance(recipe, Mapping):
        yield f"config.recipe is {recipe!r}, not a table"
        return
    keys = sorted({*queries.recipe, *recipe})
    fields = {f"recipe.{key}": (queries.recipe.get(key), key) for key in keys}
    fields["length_s"] = (queries.length_s, "query_length_s")
    # Recordings whose reference is skipped give no queries, so there may be fewer than wanted.
    if not queries.recordings or queries.n > recipe.get("n_queries", 0):
        fields["n"] = (queries.n, "n_queries")
    for field, (value, key) in fields.items():
        if value != recipe.get(key):
            yield f"queries.{field} is {value!r}, but config.recipe.{key} is {recipe.get(key)!r}"


def _check_status(result: Result) -> Iterator[str]:
    """A run is partial if its curves end below the largest size of the config."""
    sizes = result.config.get("sizes")
    if not isinstance(sizes, list) or not all(isinstance(size, int) for size in sizes):
        yield f"config.sizes is {sizes!r}, not a list of whole numbers"
        return
    largest = 0 if result.config.get("distractors") == "none" else max(sizes, default=0)
    reached = max(point.n_distractors for curve in result.curves for point in curve.points)
    if (result.status == "partial") != (largest > reached):
        yield f"status is {result.status}, but curves reach {reached} of {largest} distractors"


def _is_ready_made(result: Result) -> bool:
    """Whether queries are ready-made fingerprints, so that the run used no fingerprinter."""
    return "ready_made" in result.queries.recipe


def _check_curve(result: Result, curve: Curve) -> Iterator[str]:
    sizes = [point.n_distractors for point in curve.points]
    if sizes != sorted(set(sizes)):
        yield f"sizes {sizes} are not in ascending order"
    simulated = [p.n_distractors for p in curve.points if p.found == "simulated"]
    if simulated and simulated != result.config.get("beyond"):
        yield f"sizes {simulated} are simulated, but config.beyond is {result.config.get('beyond')}"
    if curve.query_length_s != result.queries.length_s:
        yield (
            f"query_length_s is {curve.query_length_s:g}, but queries.length_s is "
            f"{result.queries.length_s:g}"
        )
    if curve.distractors == "synthetic":
        if result.generator is None:
            yield "distractors are synthetic, but generator is empty"
        elif not (result.fidelity or {}).get("statistics"):
            yield "distractors are synthetic, but fidelity has no statistics"
    for point in curve.points:
        for contradiction in _check_point(result, point):
            yield f"at {point.n_distractors} distractors {contradiction}"


def _check_point(result: Result, point: Point) -> Iterator[str]:
    fingerprinter, whole = result.fingerprinter, result.data.reference_fingerprints
    if not point.ci.low <= point.value <= point.ci.high:
        yield f"value is {point.value}, outside its interval"
    if point.n_queries != result.queries.n:
        yield f"n_queries is {point.n_queries}, but queries.n is {result.queries.n}"
    # The reference has fewer runs than fingerprints, for queries of several fingerprints.
    single = result.queries.length_s < fingerprinter.segment_s + fingerprinter.hop_s / 2
    if point.n_reference > whole or (single and point.n_reference < whole):
        yield f"n_reference is {point.n_reference}, but data.reference_fingerprints is {whole}"
    hours = (point.n_distractors + point.n_reference) * fingerprinter.hop_s / 3600
    if not math.isclose(point.hours, hours, rel_tol=ROUNDING):
        yield f"hours is {point.hours}, but its fingerprints are {hours} hours"


def _check_evidence(
    result: Result, curves: Sequence[Curve], evidence: Evidence | GrownEvidence
) -> Iterator[str]:
    """Where the result or some of its curves contradict their evidence."""
    queries, tracks = len(evidence.query_track), len(np.unique(evidence.query_track))
    if (queries, tracks) != (result.queries.n, result.queries.tracks):
        yield (
            f"queries.n is {result.queries.n} and queries.tracks is {result.queries.tracks}, but "
            f"the evidence has {queries} queries from {tracks} tracks"
        )
    groups = None if evidence.query_group is None else len(np.unique(evidence.query_group))
    if groups != result.queries.groups:
        yield f"queries.groups is {result.queries.groups}, but the evidence has {groups or 'none'}"
    for curve in curves:
        sizes = [point.n_distractors for point in curve.points]
        missing = [size for size in sizes if not has_size(evidence, size, curve.tolerance_s)]
        if missing:
            yield f"{_curve_name(curve)}: the evidence has no database of {missing[0]} distractors"
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
            estimator=result.estimator,
        )
        computed = {c.metric: c for c in hit_rate_curves(evidence, sizes, labels)}
        if curve.metric not in computed:
            yield f"{_curve_name(curve)}: metric {curve.metric} is unknown"
            continue
        for point, expected in zip(curve.points, computed[curve.metric].points, strict=True):
            fields = _unequal_fields(_flatten(point), _flatten(expected))
            for field, (value, right) in fields.items():
                yield (
                    f"{_curve_name(curve)}: at {point.n_distractors} distractors {field} is "
                    f"{value}, but the evidence gives {right}"
                )


def _check_tail(
    result: Result, curves: Sequence[Curve], evidence: Evidence | GrownEvidence
) -> Iterator[str]:
    """Where the comparison of simulated with searched hit rates contradicts the evidence."""
    if isinstance(evidence, GrownEvidence) or evidence.tail is None:
        return
    listed = {
        (tail.index, check.metric, check.tolerance_s): check
        for tail in result.tails
        for check in tail.checks
    }
    for curve in (curve for curve in curves if curve.metric == "hr@1"):
        sizes = [p.n_distractors for p in curve.points if p.found == "searched"]
        for expected in check_tail(evidence, sizes, curve.tolerance_s):
            check = listed.get((curve.index, expected.metric, curve.tolerance_s))
            checked = _curve_name(replace(curve, metric=expected.metric))
            name = f"check of the simulation of {checked}"
            if check is None:
                yield f"{name} is missing"
                continue
            for field, (value, right) in _unequal_fields(asdict(check), asdict(expected)).items():
                yield f"{name}: {field} is {value}, but the evidence gives {right}"


def _check_false_accepts(
    result: Result, curves: Sequence[Curve], evidence: Evidence | GrownEvidence
) -> Iterator[str]:
    """Where decisions by a threshold contradict the evidence."""
    if isinstance(evidence, GrownEvidence):
        return
    listed = {
        (one.distractors, one.index, one.tolerance_s, one.n_distractors): one
        for one in result.false_accepts
    }
    for curve in (curve for curve in curves if curve.metric == "hr@1"):
        sizes = [p.n_distractors for p in curve.points if p.found == "searched"]
        for expected in measure_false_accepts(
            evidence,
            sizes,
            curve.tolerance_s,
            index=curve.index,
            distractors=curve.distractors,
        ):
            key = (curve.distractors, curve.index, curve.tolerance_s, expected.n_distractors)
            name = f"false_accepts of {_curve_name(curve)} at {expected.n_distractors} distractors"
            if key not in listed:
                yield f"{name} are missing"
            elif not _is_close(asdict(listed[key]), asdict(expected)):
                yield f"{name} are not what the evidence gives"


def _is_close(one: object, other: object) -> bool:
    """Whether two plain values differ by no more than rounding."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_is_close(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_is_close, one, other))
    return _equal(one, other)


def _check_gaps(
    result: Result, sides: Mapping[tuple[str, DistractorKind], SearchedSizes]
) -> Iterator[str]:
    """Where the gaps of a result contradict the evidence of both kinds of distractors."""
    if result.estimator == 1:
        return
    listed = {
        (gap.index, gap.metric, gap.tolerance_s, gap.n_distractors): gap for gap in result.gaps
    }
    for index in {index for index, _ in sides}:
        if not {(index, "real"), (index, "synthetic")} <= sides.keys():
            continue
        tolerances = {c.tolerance_s for c in result.curves if c.index == index}
        for tolerance_s in tolerances:
            for expected in hit_rate_gaps(
                sides[index, "real"],
                sides[index, "synthetic"],
                index=index,
                tolerance_s=tolerance_s,
                seed=result.config["seed"],
                estimator=result.estimator,
            ):
                key = (index, expected.metric, tolerance_s, expected.n_distractors)
                name = f"gap of {expected.metric} with {index} at {expected.n_distractors}"
                if key not in listed:
                    yield f"{name} distractors is missing"
                    continue
                fields = _unequal_fields(asdict(listed[key]), asdict(expected))
                for field, (value, right) in fields.items():
                    yield f"{name} distractors: {field} is {value}, but the evidence gives {right}"


def _unequal_fields(
    a: Mapping[str, object], b: Mapping[str, object]
) -> Mapping[str, tuple[object, object]]:
    """Fields that differ by more than rounding, with both values."""
    return {name: (a[name], b[name]) for name in a if not _equal(a[name], b[name])}


def _equal(a: object, b: object) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=ROUNDING, abs_tol=ROUNDING)
    return a == b


def _flatten(point: Point) -> dict[str, object]:
    fields = asdict(point)
    interval = fields.pop("ci")
    return fields | {f"ci.{name}": value for name, value in interval.items()}


def _curve_name(curve: Curve) -> str:
    where = "in the track" if curve.tolerance_s is None else f"within {curve.tolerance_s:g} s"
    return f"curve {curve.metric} {where} with {curve.index}, {curve.distractors}"
