"""Whether extrapolated points follow from the evidence."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.extrapolation import FEWEST_TRACKS, Extrapolation
from fpbench.evidence.hit_rates import is_searched
from fpbench.results.document import Curve, Point
from fpbench.results.extrapolations import ExtrapolationInfo
from fpbench.results.fields import HIT_RANKS
from fpbench.verification.problems import Problem, compare
from fpbench.verification.submission import Search, Submission

_Described = dict[tuple[object, ...], tuple[int, ExtrapolationInfo]]


def check_extrapolations(submission: Submission) -> Iterator[Problem]:
    """Every extrapolated curve is computed again, with what the result says of it.

    What a run refused for reasons that the evidence does not tell stays refused.
    """
    tracks = submission.result.data.distractor_tracks
    described: _Described = {
        (info.index, info.distractors, info.metric, info.tolerance_s): (place, info)
        for place, info in enumerate(submission.result.extrapolations)
    }
    for place, curve in enumerate(submission.result.curves):
        points = _extrapolated(curve)
        if not points:
            continue
        pointer, sizes = f"/curves/{place}/points", [p.n_distractors for p in points]
        found = described.get(_key(curve))
        if found is None or [one.n_distractors for one in found[1].tails] != sizes:
            rule = "extrapolations says of every extrapolated point how it was found"
            yield Problem(pointer=pointer, value=sizes, rule=rule)
        if curve.distractors == "real" and 0 < tracks < FEWEST_TRACKS:
            rule = f"real distractors are of {tracks} tracks, too few to extrapolate"
            yield Problem(pointer=pointer, value=sizes, rule=rule)
    for search in submission.searches():
        yield from _check_search(submission, search, described)


def _check_search(
    submission: Submission,
    search: Search,
    described: _Described,
) -> Iterator[Problem]:
    evidence, sizes = search.evidence, search.searched_sizes()
    claims = {
        pointer: curve
        for pointer, curve in search.curves.items()
        if _key(curve) in described and described[_key(curve)][1].tails
    }
    if not claims:
        return
    if not isinstance(evidence, Evidence) or evidence.rows_per_query > 1:
        rule = "extrapolated curves have evidence of an exact search"
        yield Problem(pointer=search.pointer, value=search.index, rule=rule)
        return
    if not sizes or not all(is_searched(evidence, size) for size in sizes):
        return  # check_curves tells of it
    extrapolation = Extrapolation(evidence, sizes)
    beyond = _beyond(submission.result.config.get("beyond"), sizes[-1])
    known = {f"hr@{k}" for k in HIT_RANKS}
    for pointer, curve in claims.items():
        searched = [p for p in curve.points if p.found == "searched"]
        if not searched or not beyond or curve.metric not in known:
            continue
        longer, expected = extrapolation.curve(replace(curve, points=searched), beyond)
        place, info = described[_key(curve)]
        yield from compare(f"/extrapolations/{place}", info, expected)
        points = {point.n_distractors: point for point in _extrapolated(longer)}
        for number, point in enumerate(curve.points):
            if point.found == "extrapolated" and point.n_distractors in points:
                right = points[point.n_distractors]
                yield from compare(f"{pointer}/points/{number}", point, right)


def _extrapolated(curve: Curve) -> list[Point]:
    return [point for point in curve.points if point.found == "extrapolated"]


def _beyond(value: object, largest: int) -> Sequence[int]:
    """The sizes beyond that a config names; none if it names none."""
    if not isinstance(value, list) or not all(type(size) is int for size in value):
        return []
    return sorted(size for size in value if size > largest)


def _key(curve: Curve) -> tuple[object, ...]:
    return curve.index, curve.distractors, curve.metric, curve.tolerance_s
