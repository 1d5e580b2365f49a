"""Whether the points of all curves follow from the evidence."""

from collections.abc import Iterator, Sequence

from fpbench.evidence.hit_rates import CurveLabels, has_size, hit_rate_curves
from fpbench.results.document import Curve
from fpbench.verification.problems import Problem, compare
from fpbench.verification.submission import Search, Submission


def check_curves(submission: Submission) -> Iterator[Problem]:
    """Every curve is computed again from its evidence."""
    for search in submission.searches():
        for tolerance_s in search.tolerances_s():
            curves = {
                pointer: curve
                for pointer, curve in search.curves.items()
                if curve.tolerance_s == tolerance_s
            }
            yield from _check_curves(submission, search, curves)


def _check_curves(
    submission: Submission, search: Search, curves: dict[str, Curve]
) -> Iterator[Problem]:
    """Curves of one tolerance, which are computed together."""
    first, *_ = curves.values()
    sizes = {
        point.n_distractors
        for curve in curves.values()
        for point in curve.points
        if point.found in ("searched", "simulated")
    }
    missing = {size for size in sizes if not has_size(search.evidence, size, first.tolerance_s)}
    computed = _compute_curves(submission, search, first, sorted(sizes - missing))
    for pointer, curve in curves.items():
        whole = computed.get(curve.metric)
        if whole is not None:
            for field in ("distractor_tracks", "distractor_groups"):
                value, right = getattr(curve, field), getattr(whole, field)
                yield from compare(f"{pointer}/{field}", value, right)
        points = {} if whole is None else {p.n_distractors: p for p in whole.points}
        for place, point in enumerate(curve.points):
            if point.found not in ("searched", "simulated"):
                continue
            where = f"{pointer}/points/{place}"
            expected = points.get(point.n_distractors)
            if expected is not None:
                yield from compare(where, point, expected)
            elif point.n_distractors in missing:
                rule = "the evidence has no database of this size"
                yield Problem(
                    pointer=f"{where}/n_distractors", value=point.n_distractors, rule=rule
                )


def _compute_curves(
    submission: Submission, search: Search, first: Curve, sizes: Sequence[int]
) -> dict[str, Curve]:
    """The curves of the tolerance of ``first``, by metric; none without sizes."""
    if not sizes:
        return {}
    labels = CurveLabels(
        distractors=first.distractors,
        index=first.index,
        tolerance_s=first.tolerance_s,
        query_length_s=first.query_length_s,
        n_reference=first.points[0].n_reference,
        hop_s=submission.result.fingerprinter.hop_s,
        seed=submission.seed,
        estimator=submission.result.estimator,
    )
    return {curve.metric: curve for curve in hit_rate_curves(search.evidence, sizes, labels)}
