"""Where a simulated hit rate is half of what it was at a million, in words."""

from collections.abc import Sequence

from fpbench.results.document import Curve, Result
from fpbench.results.names import metric_label
from fpbench.results.tails import HalfSize, TailInfo
from fpbench.units import short_size


def half_size_notes(result: Result, curves: Sequence[Curve]) -> list[str]:
    """Where HR@1 is half of what it was at the start, for the curves shown.

    Returns:
        One sentence, or none if the curves have no simulated points.
    """
    found = [(curve, half) for curve in curves if (half := find_half_size(result, curve))]
    if not found:
        return []
    texts = [f"{metric_label(c.metric, c.tolerance_s)} {half_size_label(h)}" for c, h in found]
    start = short_size(found[0][1].start)
    return [f"half of what it is at {start}, by number of distractors: {'; '.join(texts)}"]


def find_half_size(result: Result, curve: Curve) -> HalfSize | None:
    """The half size of one curve, if it goes beyond what was searched."""
    tail = _find_tail(result, curve)
    if tail is None or not any(point.found == "simulated" for point in curve.points):
        return None
    halves = (h for h in tail.half_sizes if (h.metric, h.tolerance_s) == _labels(curve))
    return next(halves, None)


def half_size_label(half: HalfSize) -> str:
    """A size with its interval: ``3.1 B (1.3 B to 7.9 B)``."""
    if half.size is None:
        return "beyond the sizes simulated"
    size = _rounded(half.size)
    if half.low is None:
        return f"{size} (no interval)"
    if half.high is None:
        return f"{size} (at least {_rounded(half.low)})"
    return f"{size} ({_rounded(half.low)} to {_rounded(half.high)})"


def _rounded(size: float) -> str:
    """Two digits: more would be noise."""
    return short_size(int(float(f"{size:.2g}")))


def _find_tail(result: Result, curve: Curve) -> TailInfo | None:
    if curve.distractors != "synthetic":
        return None
    return next((tail for tail in result.tails if tail.index == curve.index), None)


def _labels(curve: Curve) -> tuple[str, float | None]:
    return curve.metric, curve.tolerance_s
