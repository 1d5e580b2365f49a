"""The measured gap of a generator: how far its hit rates are from those with real distractors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fpbench.evidence.intervals import LEVEL
from fpbench.evidence.jackknife import student_quantile
from fpbench.results.document import Curve, Result
from fpbench.results.fidelity import Fidelity, HitRates, OlderHitRates

_NORMAL = 1.96  # standard errors in half of a 95 % interval

FARTHEST = 10
"""Sizes up to this multiple of the largest real one are near enough to the measured gap."""


@dataclass(frozen=True, slots=True)
class MeasuredGap:
    """A gap of hit rates, synthetic minus real.

    Args:
        n_distractors: Number of distractors of either kind.
        value: The gap, from -1 to 1. With held-out real distractors, it is corrected for their few
            groups, so that a perfect generator has a gap of 0.
        error: Half of its 95 % interval; None if it is unknown.
        paired: Whether the error is paired over queries; otherwise it is that of two independent
            rates, which is too large.
        held_out: Whether no real distractor is of a track that the generator was fitted to.
    """

    n_distractors: int
    value: float
    error: float | None
    paired: bool = True
    held_out: bool = False

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

    Returns:
        None for a curve with real distractors, or if no gap was measured.
    """
    gaps = measured_gaps(result, curve)
    return gaps[-1] if gaps else None


def measured_gaps(result: Result, curve: Curve) -> Sequence[MeasuredGap]:
    """The gaps behind a curve with synthetic distractors, by size.

    They are with real distractors that the generator was not fitted to, in exact search. Older
    results have the gap of their curves, whose real distractors include those of the fit, and if
    they have no real curves, that of their fidelity for HR@1.
    """
    if curve.distractors == "real":
        return []
    fidelity = result.fidelity or Fidelity()
    tolerance_s = result.config.get("tolerance_s", result.curves[0].tolerance_s)
    rates = fidelity.expected(curve.metric, curve.tolerance_s, of_run=tolerance_s)
    name = "" if result.generator is None else result.generator.name
    expected = [] if rates is None or name not in rates.gap else _expected(fidelity, rates, name)
    if isinstance(rates, HitRates) and expected:
        return expected
    return gaps_between_curves(result, curve) or expected


def _expected(fidelity: Fidelity, rates: HitRates | OlderHitRates, name: str) -> list[MeasuredGap]:
    """The gaps that fidelity expects."""
    held_out = isinstance(rates, HitRates)
    perfect = rates.perfect_gap if isinstance(rates, HitRates) else [None] * len(rates.sizes)
    times = errors_in_half(fidelity) if held_out else _NORMAL
    return [
        MeasuredGap(
            size, gap - (of_perfect or 0), None if error is None else times * error, True, held_out
        )
        for size, gap, error, of_perfect in zip(
            rates.sizes, rates.gap[name], rates.gap_error[name], perfect, strict=True
        )
    ]


def errors_in_half(fidelity: Fidelity) -> float:
    """Standard errors in half of an interval, of which the fewer groups decide."""
    few = min(fidelity.query_clusters or 0, fidelity.real_clusters or 0)
    return student_quantile(few, LEVEL) if few > 1 else _NORMAL


def gaps_between_curves(result: Result, curve: Curve) -> list[MeasuredGap]:
    """The gaps between the synthetic and the real curve of one index, by size."""
    if curve.distractors == "real":
        return []
    found = [
        gap
        for gap in result.gaps
        if (gap.index, gap.metric, gap.tolerance_s)
        == (curve.index, curve.metric, curve.tolerance_s)
    ]
    if not found:
        return _unpaired(result, curve)
    measured = []
    for gap in sorted(found, key=lambda gap: gap.n_distractors):
        half = (gap.high - gap.low) / 2
        measured.append(MeasuredGap(gap.n_distractors, gap.value, half if half < 1 else None))
    return measured


def _unpaired(result: Result, curve: Curve) -> list[MeasuredGap]:
    """From the rates of an older result, of which the paired error is not known."""

    def key(each: Curve) -> tuple[object, ...]:
        return each.index, each.metric, each.tolerance_s

    others = (c for c in result.curves if c.distractors == "real" and key(c) == key(curve))
    real = {point.n_distractors: point for other in others for point in other.points}
    measured = []
    for point in curve.points:
        other = real.get(point.n_distractors)
        if other is None or point.n_distractors == 0:
            continue
        intervals = (point.ci, other.ci)
        known = all(each.is_known for each in intervals)
        error = math.hypot(*((each.high - each.low) / 2 for each in intervals)) if known else None
        gap = MeasuredGap(point.n_distractors, point.value - other.value, error, paired=False)
        measured.append(gap)
    return measured
