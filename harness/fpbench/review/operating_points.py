"""What each index of a result finds, and what it takes: the trade between them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from fpbench.results.costs import IndexCost
from fpbench.results.document import Result

Coordinates = tuple[float, ...]


class OperatingPoint(NamedTuple):
    """What an index takes, and its hit rate at its largest searched size.

    Args:
        rate: HR@1 at the first tolerance; None if there is no such curve.
        size: Number of distractors.
    """

    cost: IndexCost
    rate: float | None
    size: int

    @property
    def ms(self) -> float | None:
        """Milliseconds for one query alone; None if unknown."""
        latency = self.cost.latency(1)
        return None if latency is None else latency.ms


def operating_points(result: Result) -> list[OperatingPoint]:
    """The indexes that were timed, in the order of the result; none without costs."""
    timed = [one for one in result.costs.indexes if one.rows] if result.costs else []
    return [_operating_point(result, one) for one in timed]


def _operating_point(result: Result, cost: IndexCost) -> OperatingPoint:
    for curve in result.curves:
        measure = (curve.index, curve.distractors, curve.metric, curve.tolerance_s)
        if measure == (cost.index, cost.distractors, "hr@1", result.curves[0].tolerance_s):
            last = [point for point in curve.points if point.found == "searched"][-1]
            return OperatingPoint(cost, last.value, last.n_distractors)
    return OperatingPoint(cost, None, 0)


def is_on_front(one: OperatingPoint, points: Sequence[OperatingPoint]) -> bool:
    """Whether nothing that can be compared with it is better; False if nothing can.

    Misses, milliseconds and bytes are compared, of indexes that were timed with as many rows of the
    same kind.
    """
    others = [
        other
        for other in points
        if other is not one
        and (other.cost.rows, other.cost.distractors, other.size)
        == (one.cost.rows, one.cost.distractors, one.size)
        and _misses_ms_bytes(other) is not None
    ]
    if _misses_ms_bytes(one) is None or not others:
        return False
    return one in pareto_front([one, *others], _misses_ms_bytes)


def pareto_front(
    points: Sequence[OperatingPoint], of: Callable[[OperatingPoint], Coordinates | None]
) -> list[OperatingPoint]:
    """The points that no other one dominates: is at least as good in all, and better in one.

    Args:
        points: Points in any order, which the front keeps.
        of: Coordinates of a point, of which less is better; None leaves it out.
    """
    known = [(point, mine) for point in points if (mine := of(point)) is not None]
    return [
        point
        for point, mine in known
        if not any(
            all(a <= b for a, b in zip(other, mine, strict=True)) and other != mine
            for _, other in known
        )
    ]


def _misses_ms_bytes(point: OperatingPoint) -> Coordinates | None:
    ms, size_bytes = point.ms, point.cost.bytes_per_fingerprint
    if point.rate is None or ms is None or size_bytes is None:
        return None
    return (-point.rate, ms, size_bytes)
