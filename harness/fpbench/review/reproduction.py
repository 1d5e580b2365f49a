"""Compares a result with the same run made again: what differs, and by how much."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from fpbench.results.document import Curve, Point, Result
from fpbench.results.names import metric_label, rate_label
from fpbench.units import short_size

_STATED = ("weights_licence", "training_data")  # by the submitter, so no run can differ in it


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproducedPoint:
    """A point of both results.

    Args:
        curve: The curve of the first result.
        first: The point as it was published; None if only the second result has it.
        again: The point as it was found again; None if only the first result has it.
    """

    curve: Curve
    first: Point | None
    again: Point | None

    @property
    def joint(self) -> float:
        """Half-width of the joint interval: the root of the sum of squares of both half-widths."""
        points = [point for point in (self.first, self.again) if point is not None]
        return math.hypot(*((point.ci.high - point.ci.low) / 2 for point in points))

    @property
    def is_within(self) -> bool:
        """Whether the two rates differ by no more than the joint interval."""
        if self.first is None or self.again is None:
            return False
        return abs(self.again.value - self.first.value) <= self.joint


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """A result, and the same run made again.

    Args:
        differences: What else differs and may explain other rates: name, first and second value.
        points: All points of either result.
    """

    differences: Sequence[tuple[str, str, str]]
    points: Sequence[ReproducedPoint]

    @property
    def succeeded(self) -> bool:
        """Whether both have the same points, and all rates lie within the joint intervals."""
        return bool(self.points) and all(point.is_within for point in self.points)

    def text(self) -> str:
        """Tables of the differences and of the points, and a sentence."""
        parts = []
        if self.differences:
            names = ("what differs", "published", "again")
            parts.append(tabulate(self.differences, headers=names, tablefmt="simple"))
        headers = ("curve", "distractors", "published", "again", "difference", "")
        rows = [_cells(point) for point in self.points]
        parts.append(tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True))
        within = sum(point.is_within for point in self.points)
        equal = sum(point.first == point.again for point in self.points)
        parts.append(
            f"{within} of {len(self.points)} rates are within the joint interval of both runs; "
            f"{equal} are equal to the last digit"
        )
        return "\n\n".join(parts)


def compare_with_rerun(first: Result, again: Result) -> Reproduction:
    """Compare a published result with one of the same settings."""
    curves = {_key(curve): curve for curve in (*again.curves, *first.curves)}
    sides = [{_key(curve): curve for curve in result.curves} for result in (first, again)]
    points = []
    for key, curve in curves.items():
        both = [_points(side.get(key)) for side in sides]
        sizes = sorted(both[0].keys() | both[1].keys())
        points += [
            ReproducedPoint(curve=curve, first=both[0].get(size), again=both[1].get(size))
            for size in sizes
        ]
    return Reproduction(differences=list(_differences(first, again)), points=points)


def _key(curve: Curve) -> tuple[str, str, str, float | None, float]:
    return (
        curve.index,
        curve.distractors,
        curve.metric,
        curve.tolerance_s,
        curve.query_length_s,
    )


def _points(curve: Curve | None) -> dict[int, Point]:
    return {} if curve is None else {point.n_distractors: point for point in curve.points}


def _differences(first: Result, again: Result) -> Iterator[tuple[str, str, str]]:
    """What is not as it was, from the data to the machine."""
    for name, one, other in (
        ("data", first.data.content, again.data.content),
        ("queries", first.queries.content, again.queries.content),
        ("fingerprinter", first.fingerprinter, again.fingerprinter),
        ("generator", first.generator, again.generator),
        ("machine", first.machine, again.machine),
        ("estimator", first.estimator, again.estimator),
    ):
        if one == other or one is None or other is None:
            continue
        if isinstance(one, str | int):
            yield name, _short(one), _short(other)
            continue
        for field in type(one).__slots__:
            if field in _STATED:
                continue
            before, now = getattr(one, field), getattr(other, field)
            if before != now:
                yield f"{name}.{field}", _short(before), _short(now)
    for name in sorted(first.environment.keys() | again.environment.keys()):
        before, now = first.environment.get(name), again.environment.get(name)
        if before != now:
            yield f"environment.{name}", _short(before), _short(now)


def _short(value: object) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _cells(point: ReproducedPoint) -> tuple[str, ...]:
    curve, shown = point.curve, point.first or point.again
    where = metric_label(curve.metric, curve.tolerance_s)
    rates = [rate_label(one) if one else "absent" for one in (point.first, point.again)]
    difference = ""
    if point.first and point.again:
        difference = f"{100 * (point.again.value - point.first.value):+.1f}"
    return (
        f"{where}, {curve.query_length_s:g} s, {curve.index}, {curve.distractors}",
        short_size(shown.n_distractors) if shown else "",
        *rates,
        difference,
        "" if point.is_within else "outside",
    )
