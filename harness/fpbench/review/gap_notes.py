"""What the measured gap of a generator says about points with synthetic distractors, in words."""

from collections.abc import Iterable, Sequence

from fpbench.results.document import Curve, Result
from fpbench.review.measured_gaps import FARTHEST, MeasuredGap, measured_gaps
from fpbench.units import short_size


def gap_note(result: Result, curve: Curve) -> str:
    """A sentence on the gap of a curve with synthetic distractors; empty for real ones.

    If the curve goes on beyond ten times the largest size with real distractors, it says how the
    gap changed up to there.
    """
    if curve.distractors == "real":
        return ""
    name = result.generator.name if result.generator else "synthetic"
    last = curve.points[-1].n_distractors
    where = "in the right track" if curve.tolerance_s is None else f"within {curve.tolerance_s:g} s"
    what = f"{where} ({curve.metric.upper()})"
    gaps = measured_gaps(result, curve)
    if not gaps:
        return (
            f"{name}: no gap to real distractors was measured {what}: all sizes are by this "
            "generator"
        )
    gap = gaps[-1]
    at = f"at {short_size(gap.n_distractors)}{' held-out' if gap.held_out else ''} {what}"
    if gap.is_clear:
        side, bound = ("easy", "an upper") if gap.value > 0 else ("hard", "a lower")
        note = f"{name} is {gap.size_text} points too {side} {at}"
        if last > gap.n_distractors:
            note += f": read {short_size(last)} as {bound} bound"
    else:
        note = f"{name} shows no clear gap {at}: {gap.text} points"
    return note + _drift(gaps, last)


def _drift(gaps: Sequence[MeasuredGap], last: int) -> str:
    """How the gap changed up to the largest real size, for curves that go far beyond it."""
    gap = gaps[-1]
    if last <= FARTHEST * gap.n_distractors:
        return ""
    smaller = [each for each in gaps if FARTHEST * each.n_distractors <= gap.n_distractors]
    before = (smaller or gaps)[-1 if smaller else 0]
    shown = [before, gap] if before is not gap else [gap]
    texts = [f"{each.text} at {short_size(each.n_distractors)} real" for each in shown]
    start = short_size(FARTHEST * gap.n_distractors)
    return f"; above {start} by this generator, whose gap is {' and '.join(texts)}"


def gap_notes(curves: Iterable[tuple[Result, Curve]]) -> Sequence[str]:
    """The notes of several curves, each once."""
    return list(dict.fromkeys(note for pair in curves if (note := gap_note(*pair))))
