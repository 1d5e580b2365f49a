"""Whether the points of a curve agree with each other, and with the rest of the result."""

import math
from collections.abc import Iterator

from fpbench.results.document import Curve, Point, Result
from fpbench.verification.dataset import fewest_searched
from fpbench.verification.problems import ROUNDING, Problem, compare
from fpbench.verification.submission import Submission

_LEVEL = 0.95


def check_points(submission: Submission) -> Iterator[Problem]:
    """Order, kinds, lengths, hours and numbers of queries of all points."""
    for place, curve in enumerate(submission.result.curves):
        yield from _check_curve(submission.result, curve, f"/curves/{place}")


def _check_curve(result: Result, curve: Curve, pointer: str) -> Iterator[Problem]:
    sizes = [point.n_distractors for point in curve.points]
    if sizes != sorted(set(sizes)):
        yield Problem(pointer=f"{pointer}/points", value=sizes, rule="sizes ascend")
    extrapolated = [p.n_distractors for p in curve.points if p.found == "extrapolated"]
    beyond = result.config.get("beyond") or []
    if extrapolated and (
        not isinstance(beyond, list) or extrapolated != beyond[: len(extrapolated)]
    ):
        rule = f"config.beyond, whose first sizes are extrapolated, is {beyond}"
        yield Problem(pointer=f"{pointer}/points", value=extrapolated, rule=rule)
    if curve.query_length_s != result.queries.length_s:
        rule = f"queries.length_s is {result.queries.length_s:g}"
        yield Problem(pointer=f"{pointer}/query_length_s", value=curve.query_length_s, rule=rule)
    if curve.distractors == "synthetic" and result.generator is None:
        rule = "distractors are synthetic, but generator is empty"
        yield Problem(pointer=f"{pointer}/distractors", value="synthetic", rule=rule)
    for place, point in enumerate(curve.points):
        yield from _check_point(result, point, f"{pointer}/points/{place}")


def _check_point(result: Result, point: Point, pointer: str) -> Iterator[Problem]:
    fingerprinter, whole = result.fingerprinter, result.data.reference_fingerprints
    if not point.ci.low <= point.value <= point.ci.high:
        rule = f"it is inside its interval, from {point.ci.low} to {point.ci.high}"
        yield Problem(pointer=f"{pointer}/value", value=point.value, rule=rule)
    yield from compare(f"{pointer}/ci/level", point.ci.level, _LEVEL, "every run")
    yield from compare(f"{pointer}/n_queries", point.n_queries, result.queries.n, "queries.n")
    first = result.curves[0].points[0].n_reference
    yield from compare(f"{pointer}/n_reference", point.n_reference, first, "the first point")
    if not fewest_searched(result, "reference") <= point.n_reference <= whole:
        rule = f"data.reference_fingerprints is {whole}"
        yield Problem(pointer=f"{pointer}/n_reference", value=point.n_reference, rule=rule)
    hours = (point.n_distractors + point.n_reference) * fingerprinter.hop_s / 3600
    if not math.isclose(point.hours, hours, rel_tol=ROUNDING):
        rule = f"fingerprints of reference and distractors are {hours} hours"
        yield Problem(pointer=f"{pointer}/hours", value=point.hours, rule=rule)
