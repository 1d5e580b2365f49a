"""What the measured gap of a generator says about points with synthetic distractors, in words."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fpbench.results.document import Curve, Result
from fpbench.units import short_size

_NORMAL = 1.96  # standard errors in half of a 95 % interval


@dataclass(frozen=True, slots=True)
class MeasuredGap:
    """A gap of hit rates, synthetic minus real.

    Args:
        n_distractors: Number of distractors of either kind.
        value: The gap, from -1 to 1.
        error: Half of its 95 % interval; None if it is unknown.
        paired: Whether the error is paired over queries; otherwise it is that of two independent
            rates, which is too large.
    """

    n_distractors: int
    value: float
    error: float | None
    paired: bool = True

    @property
    def text(self) -> str:
        """The gap in points, such as ``+7.1 ± 0.8``."""
        return f"{100 * self.value:+.1f}{self._error_text()}"

    @property
    def size_text(self) -> str:
        """The gap without its sign."""
        return f"{100 * abs(self.value):.1f}{self._error_text()}"

    @property
    def is_clear(self) -> bool:
        """Whether the gap is larger than its error."""
        return self.error is not None and abs(self.value) > self.error

    def _error_text(self) -> str:
        if self.error is None:
            return " (error unknown)"
        return f" ± {100 * self.error:.1f}{'' if self.paired else ' (not paired)'}"


def measured_gap(result: Result, curve: Curve) -> MeasuredGap | None:
    """The gap behind a curve with synthetic distractors, at the largest size with real ones.

    It is from the curves of the same run. A run without real curves has the expected gap of its
    fidelity, which exists for HR@1 with exact search.

    Returns:
        None for a curve with real distractors, or if no gap was measured.
    """
    if curve.distractors == "real":
        return None
    found = [
        gap
        for gap in result.gaps
        if (gap.index, gap.metric, gap.tolerance_s)
        == (curve.index, curve.metric, curve.tolerance_s)
    ]
    if found:
        last = max(found, key=lambda gap: gap.n_distractors)
        half = (last.high - last.low) / 2
        return MeasuredGap(last.n_distractors, last.value, half if half < 1 else None)
    return _gap_of_curves(result, curve) or _gap_of_fidelity(result, curve)


def _gap_of_curves(result: Result, curve: Curve) -> MeasuredGap | None:
    """From the rates of an older result, of which the paired error is not known."""

    def key(each: Curve) -> tuple[object, ...]:
        return each.index, each.metric, each.tolerance_s

    others = (c for c in result.curves if c.distractors == "real" and key(c) == key(curve))
    real = {point.n_distractors: point for other in others for point in other.points}
    common = [p for p in curve.points if p.n_distractors in real and p.n_distractors > 0]
    if not common:
        return None
    point = common[-1]
    other = real[point.n_distractors]
    intervals = (point.ci, other.ci)
    known = all(each.is_known for each in intervals)
    error = math.hypot(*((each.high - each.low) / 2 for each in intervals)) if known else None
    return MeasuredGap(point.n_distractors, point.value - other.value, error, paired=False)


def _gap_of_fidelity(result: Result, curve: Curve) -> MeasuredGap | None:
    if curve.metric != "hr@1" or result.generator is None:
        return None
    tolerance_s = result.config.get("tolerance_s", result.curves[0].tolerance_s)
    block = "hit_rates" if curve.tolerance_s == tolerance_s else "hit_rates_in_track"
    rates = (result.fidelity or {}).get(block)
    if not isinstance(rates, Mapping) or result.generator.name not in rates.get("gap", {}):
        return None
    return _last_gap(rates, result.generator.name)


def _last_gap(rates: Mapping[str, Any], name: str) -> MeasuredGap:
    error = rates["gap_error"][name][-1]
    half = None if error is None else _NORMAL * error
    return MeasuredGap(rates["sizes"][-1], rates["gap"][name][-1], half)


def gap_note(result: Result, curve: Curve) -> str:
    """A sentence on the gap of a curve with synthetic distractors; empty for real ones."""
    if curve.distractors == "real":
        return ""
    name = result.generator.name if result.generator else "synthetic"
    last = curve.points[-1].n_distractors
    where = "in the right track" if curve.tolerance_s is None else f"within {curve.tolerance_s:g} s"
    what = f"{where} ({curve.metric.upper()})"
    gap = measured_gap(result, curve)
    if gap is None:
        return f"{name}: no gap to real distractors was measured {what}"
    at = f"at {short_size(gap.n_distractors)} {what}"
    if not gap.is_clear:
        return f"{name} shows no clear gap {at}: {gap.text} points"
    side, bound = ("easy", "an upper") if gap.value > 0 else ("hard", "a lower")
    note = f"{name} is {gap.size_text} points too {side} {at}"
    if last > gap.n_distractors:
        note += f": read {short_size(last)} as {bound} bound"
    return note


def gap_notes(curves: Iterable[tuple[Result, Curve]]) -> Sequence[str]:
    """The notes of several curves, each once."""
    return list(dict.fromkeys(note for pair in curves if (note := gap_note(*pair))))
