"""What is said of real distractors, in words: of how many tracks they are, and what that does."""

from collections.abc import Iterable, Sequence

from fpbench.evidence.intervals import FEWEST_GROUPS
from fpbench.results.document import Curve, Result
from fpbench.results.names import FEW, metric_label, rate_in_brackets
from fpbench.units import count_label, short_size


def real_distractors_label(result: Result, curve: Curve) -> str:
    """How many tracks real distractors are from, such as ``200 tracks in 22 groups``.

    Returns:
        An empty text if it is unknown.
    """
    tracks = curve.distractor_tracks or result.data.distractor_tracks
    if tracks == 0:
        return ""
    label = count_label(tracks, "track")
    if curve.distractor_groups is not None:
        label += f" in {count_label(curve.distractor_groups, 'group')}"
    return label


def real_distractors_notes(curves: Sequence[Curve]) -> list[str]:
    """What the number of tracks means for the curves of a table; none for synthetic distractors."""
    if curves[0].distractors != "real" or curves[0].distractor_tracks is None:
        return []
    last = curves[0].points[-1]
    if last.n_distractors == 0:
        return []
    notes = [*few_distractor_tracks(curves[0])]
    if any(point.repeats > 1 for point in curves[0].points):
        notes.append("repeats with real distractors are parts of one pool of tracks")
    corrected = [
        f"{metric_label(curve.metric, curve.tolerance_s)} "
        + rate_in_brackets(at.value, at.low, at.high)
        for curve in curves
        if (at := curve.points[-1].corrected) is not None
    ]
    if corrected:
        size = short_size(last.n_distractors)
        notes.append(f"corrected for few tracks of distractors, at {size}: {', '.join(corrected)}")
    return notes


def few_distractor_tracks(curve: Curve) -> Iterable[str]:
    """Says that real distractors are from few groups, or tracks."""
    grouped = curve.distractor_groups is not None
    count = (curve.distractor_groups if grouped else curve.distractor_tracks) or FEW
    if count < FEW:
        text = f"distractors of only {count_label(count, 'group' if grouped else 'track')}"
        too_few = ", too few to correct for" * (count < FEWEST_GROUPS)
        yield f"{text}{too_few}: these rates are too high"
