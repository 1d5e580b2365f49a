"""Whether the points of all curves follow from the evidence."""

from collections.abc import Iterator

from fpbench.evidence.hit_rates import CurveLabels, has_size, hit_rate_curves
from fpbench.results.document import Curve
from fpbench.verification.problems import Problem, compare
from fpbench.verification.submission import Search, Submission


def check_curves(submission: Submission) -> Iterator[Problem]:
    """Every curve is computed again from its evidence."""
    for search in submission.searches():
        for pointer, curve in search.curves.items():
            yield from _check_curve(submission, search, curve, pointer)


def _check_curve(
    submission: Submission, search: Search, curve: Curve, pointer: str
) -> Iterator[Problem]:
    places = {point.n_distractors: place for place, point in enumerate(curve.points)}
    missing = {size for size in places if not has_size(search.evidence, size, curve.tolerance_s)}
    for size in missing:
        rule = "the evidence has no database of this size"
        where = f"{pointer}/points/{places[size]}/n_distractors"
        yield Problem(pointer=where, value=size, rule=rule)
    sizes = sorted(places.keys() - missing)
    if not sizes:
        return
    labels = CurveLabels(
        distractors=curve.distractors,
        index=curve.index,
        index_parameters=curve.index_parameters,
        tolerance_s=curve.tolerance_s,
        query_length_s=curve.query_length_s,
        n_reference=curve.points[0].n_reference,
        hop_s=submission.result.fingerprinter.hop_s,
        seed=submission.seed,
        estimator=submission.result.estimator,
    )
    computed = {c.metric: c for c in hit_rate_curves(search.evidence, sizes, labels)}
    if curve.metric not in computed:
        rule = f"metrics are {', '.join(computed)}"
        yield Problem(pointer=f"{pointer}/metric", value=curve.metric, rule=rule)
        return
    found = computed[curve.metric]
    for field in ("distractor_tracks", "distractor_groups"):
        yield from compare(f"{pointer}/{field}", getattr(curve, field), getattr(found, field))
    for expected in found.points:
        place = places[expected.n_distractors]
        yield from compare(f"{pointer}/points/{place}", curve.points[place], expected)
