"""What is said of simulated points, in words."""

from collections.abc import Sequence

from fpbench.results.document import Curve, Result
from fpbench.results.names import metric_label
from fpbench.results.tails import TailCheck
from fpbench.units import short_size


def tail_notes(result: Result, curves: Sequence[Curve]) -> list[str]:
    """The simulation at the largest searched size beside what was searched, for the curves shown.

    Returns:
        One sentence, or none if the curves have no simulated points.
    """
    if not any(point.found == "simulated" for curve in curves for point in curve.points):
        return []
    shown = {(curve.metric, curve.tolerance_s) for curve in curves}
    checks = [
        check
        for tail in result.tails
        if tail.index == curves[0].index
        for check in tail.checks
        if (check.metric, check.tolerance_s) in shown
    ]
    if not checks:
        return []
    size = short_size(checks[0].n_distractors)
    return [f"simulated minus searched at {size}, in points: {'; '.join(map(_difference, checks))}"]


def _difference(check: TailCheck) -> str:
    difference = 100 * (check.simulated - check.searched)
    label = metric_label(check.metric, check.tolerance_s)
    return f"{label} {difference:+.1f} ± {100 * 1.96 * check.error:.1f}"
