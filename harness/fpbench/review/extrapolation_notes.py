"""What is said of extrapolated points, in words."""

from collections.abc import Sequence

from fpbench.results.document import Curve, Result
from fpbench.results.extrapolations import ExtrapolationInfo
from fpbench.results.names import metric_label
from fpbench.units import short_size


def extrapolation_notes(result: Result, curves: Sequence[Curve]) -> list[str]:
    """How the curves shown were extrapolated, and why some were not.

    Returns:
        At most one sentence for the checks, and one for each reason.
    """
    found = [info for curve in curves if (info := find_extrapolation(result, curve)) is not None]
    notes = []
    checked = [info for info in found if info.tails]
    if checked:
        first = checked[0]
        start = "" if first.check is None else f" from {short_size(first.check.n_from)}"
        checks = "; ".join(filter(None, map(_difference, checked)))
        notes.append(
            f"extrapolated from {short_size(first.n_from)}; {short_size(first.n_from)}"
            f"{start} minus searched, in points: {checks}"
        )
    reasons: dict[str, list[str]] = {}
    for info in found:
        if info.refused is not None:
            label = metric_label(info.metric, info.tolerance_s)
            reasons.setdefault(info.refused, []).append(label)
    for reason, labels in reasons.items():
        which = "" if len(labels) == len(found) else f" ({', '.join(labels)})"
        notes.append(f"not extrapolated{which}: {reason}")
    return notes


def find_extrapolation(result: Result, curve: Curve) -> ExtrapolationInfo | None:
    """How one curve was extrapolated, or why it was not; None if nothing is said of it."""
    labels = curve.index, curve.distractors, curve.metric, curve.tolerance_s
    found = (
        info
        for info in result.extrapolations
        if (info.index, info.distractors, info.metric, info.tolerance_s) == labels
    )
    return next(found, None)


def _difference(info: ExtrapolationInfo) -> str:
    if info.check is None:
        return ""
    difference = 100 * (info.check.extrapolated - info.check.searched)
    label = metric_label(info.metric, info.tolerance_s)
    return f"{label} {difference:+.1f} ± {100 * 1.96 * info.check.error:.1f}"
