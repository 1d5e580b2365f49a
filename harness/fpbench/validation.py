"""Does a result follow the format, and do its numbers follow from its evidence?"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from fpbench.curves import CurveLabels, hit_rate_curves
from fpbench.errors import FpbenchError
from fpbench.evidence_files import evidence_name, read_evidence
from fpbench.identity import file_sha256
from fpbench.results import Curve, EvidenceInfo, Result, read_result


def validate_result(path: Path) -> list[str]:
    """Check one result file.

    Returns:
        What could not be checked because its evidence is not beside it; empty if all was.

    Raises:
        FpbenchError: The result breaks the format, or a number does not follow from the evidence.
    """
    result = read_result(path)
    _refuse_contradictions(result, path)
    unchecked = []
    for info in result.evidence:
        file = path.with_name(info.file)
        if not file.exists():
            unchecked.append(f"{info.file} is not there: its curves were not computed again")
            continue
        if file_sha256(file) != info.sha256:
            raise FpbenchError(
                f"{file}: its hash is not the one in {path.name}",
                hint="put the evidence of this very run beside the result",
            )
        _recompute(result, info, file, path)
    return unchecked


def _refuse_contradictions(result: Result, path: Path) -> None:
    for curve in result.curves:
        where = f"{path}: curve {curve.metric} with {curve.index}, {curve.distractors}"
        sizes = [point.n_distractors for point in curve.points]
        if sizes != sorted(set(sizes)):
            raise FpbenchError(f"{where}: sizes {sizes} do not rise", hint=_NOT_BY_HAND)
        for point in curve.points:
            if not point.ci.low <= point.value <= point.ci.high:
                raise FpbenchError(
                    f"{where}: {point.value} at {point.n_distractors} lies outside its interval",
                    hint=_NOT_BY_HAND,
                )
        if curve.distractors == "synthetic" and result.generator is None:
            raise FpbenchError(f"{where}: no generator is named", hint=_NOT_BY_HAND)
        if curve.distractors == "synthetic" and result.fidelity is None:
            raise FpbenchError(
                f"{where}: synthetic distractors without a fidelity block say nothing",
                hint="run again with real distractors at hand: --distractors both",
            )


_NOT_BY_HAND = "results are written by `fpbench run`, not by hand"


def _recompute(result: Result, info: EvidenceInfo, file: Path, path: Path) -> None:
    evidence = read_evidence(file)
    told: dict[float | None, list[Curve]] = {}
    for curve in result.curves:
        if evidence_name(path.stem, curve.index, curve.distractors) == file.name:
            told.setdefault(curve.tolerance_s, []).append(curve)
    if not told:
        raise FpbenchError(
            f"{path}: no curve belongs to the evidence {info.file}", hint=_NOT_BY_HAND
        )
    for tolerance_s, curves in told.items():
        first = curves[0]
        labels = CurveLabels(
            distractors=first.distractors,
            index=first.index,
            index_parameters=first.index_parameters,
            tolerance_s=tolerance_s,
            query_length_s=first.query_length_s,
            n_reference=first.points[0].n_reference,
            hop_s=result.fingerprinter.hop_s,
            seed=int(result.config["seed"]),
        )
        sizes = [point.n_distractors for point in first.points]
        _compare(curves, hit_rate_curves(evidence, sizes, labels), path)


def _compare(told: Sequence[Curve], found: Sequence[Curve], path: Path) -> None:
    computed = {curve.metric: curve for curve in found}
    for curve in told:
        again = computed.get(curve.metric)
        if again is None:
            raise FpbenchError(f"{path}: {curve.metric} is not known", hint=_NOT_BY_HAND)
        for point, point_again in zip(curve.points, again.points, strict=True):
            a, b = json.dumps(asdict(point)), json.dumps(asdict(point_again))
            if a != b:
                raise FpbenchError(
                    f"{path}: {curve.metric} at {point.n_distractors} distractors with "
                    f"{curve.index} is {point.value}, but the evidence gives {point_again.value}",
                    hint=_NOT_BY_HAND,
                )
