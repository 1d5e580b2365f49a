"""Hit rates with real distractors of few tracks, corrected for them."""

from collections.abc import Sequence
from dataclasses import replace

from fpbench.evidence.few_tracks import Excess, FewTracks
from fpbench.evidence.intervals import widen
from fpbench.results.corrections import Corrected
from fpbench.results.document import Point

METHOD = "jackknife over distractor {clusters}; interval also over queries, and over the excess"


def correct_points(points: Sequence[Point], few_tracks: FewTracks, k: int) -> list[Point]:
    """The points of a curve of HR@k with their corrected rates."""
    method = METHOD.format(clusters="groups" if few_tracks.are_groups else "tracks")
    return [
        replace(
            point, corrected=_correct(point, few_tracks.excesses(point.n_distractors)[k], method)
        )
        if point.n_distractors > 0 and point.found == "searched"
        else point
        for point in points
    ]


def _correct(point: Point, excess: Excess, method: str) -> Corrected:
    value = min(max(point.value - excess.value, 0.0), 1.0)
    low, high = 0.0, 1.0
    if point.ci.is_known:
        half = excess.half_width(point.ci.level)
        below, above = point.value - point.ci.low, point.ci.high - point.value
        low, high = widen(value, below, above, half)
    return Corrected(
        value=value,
        excess=excess.value,
        error=excess.error,
        level=point.ci.level,
        low=low,
        high=high,
        method=method,
    )
