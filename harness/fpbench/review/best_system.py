"""Several systems against the best of them: which one that is, and by how much the others differ.

The best system is chosen by the same queries that it is then compared on, so it looks better than
it is. Holm's correction is therefore for the tests of all pairs, of which only some are shown.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fpbench.errors import FpbenchError
from fpbench.results.data import QueryInfo
from fpbench.results.document import Point, Result
from fpbench.results.fields import DistractorKind
from fpbench.results.names import metric_label
from fpbench.review.compared_results import common_generator, search_of, system_names
from fpbench.review.comparison import Comparison
from fpbench.review.differences import Difference
from fpbench.units import parse_sizes, short_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Several systems at one size, metric and tolerance.

    Args:
        points: The point of each system, by its place in the standings.
        best: Place of the system that the others are compared with.
        rate: Its rate.
        differences: Difference of each other system, minus the best; there is none for two systems
            that cannot be compared.
    """

    metric: str
    tolerance_s: float | None
    points: Mapping[int, Point]
    best: int
    rate: float
    differences: Mapping[int, Difference]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """All systems that can be compared with one index and one kind of distractors.

    Args:
        names: Names of the systems, with the generator and index settings in which they differ.
        results: Their results.
        generator: The generator of all, with marks; None if they have none, or several.
        chosen: The point at which the best system was chosen, in words; None if it is chosen at
            each size and metric.
        rows: One for each size, metric and tolerance that at least two systems have.
    """

    names: Sequence[str]
    results: Sequence[Result] = field(repr=False)
    index: str
    distractors: DistractorKind
    search_label: str
    generator: str | None
    queries: QueryInfo
    chosen: str | None
    rows: Sequence[Standing]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenPoint:
    """The point of the curves at which the best system is chosen."""

    metric: str
    n_distractors: int
    tolerance_s: float | None

    @classmethod
    def parse(cls, text: str) -> "ChosenPoint":
        """Read ``hr@1,1M,0.25`` or ``hr@1,1M,track``.

        Raises:
            FpbenchError: The text is something else.
        """
        parts = [part.strip() for part in text.split(",")]
        try:
            metric, size, tolerance = parts
            (n_distractors,) = parse_sizes(size)
            tolerance_s = None if tolerance == "track" else float(tolerance)
        except (ValueError, FpbenchError) as err:
            raise FpbenchError(
                f"'{text}' is no point of a curve",
                hint="write metric, number of distractors and tolerance, such as hr@1,1M,track",
            ) from err
        return cls(metric=metric.lower(), n_distractors=n_distractors, tolerance_s=tolerance_s)

    def __str__(self) -> str:
        label = metric_label(self.metric, self.tolerance_s)
        return f"{label} among {short_size(self.n_distractors)}"

    def is_at(self, cell: "_Cell") -> bool:
        """Whether a cell has this point."""
        here = (cell.metric, cell.tolerance_s) == (self.metric, self.tolerance_s)
        return here and any(p.n_distractors == self.n_distractors for p in cell.points.values())


def standings_against_best(
    comparisons: Sequence[Comparison], chosen: ChosenPoint | None = None
) -> list[Standings]:
    """The standings of all systems, one for each index, kind of distractors and generator.

    Args:
        comparisons: Of all pairs.
        chosen: Where to choose the best system. It is compared with the others everywhere, too at
            points where another is better. None chooses the best anew at each size and metric.

    Raises:
        FpbenchError: No two systems have the chosen point.
    """
    tables = [_Table(pairs) for pairs in _connected(comparisons)]
    if chosen is None:
        return [table.standings(None, None) for table in tables]
    best = [place for table in tables if (place := table.best_at(chosen)) is not None]
    if not best:
        known = {(c.metric, c.tolerance_s): None for t in tables for c in t.cells}
        raise FpbenchError(
            f"no two results have the point {chosen}",
            hint="choose a size that they have, of " + ", ".join(metric_label(*m) for m in known),
        )
    found = []
    for table in tables:
        own = table.best_at(chosen)
        place = own if own is not None else next((b for b in best if b in table.places), None)
        found.append(table.standings(place, None if place is None else str(chosen)))
    return found


def _connected(comparisons: Sequence[Comparison]) -> list[list[Comparison]]:
    """The comparisons of one search each, and of systems that are connected."""
    groups: list[tuple[set[tuple[object, ...]], list[Comparison]]] = []
    for one in comparisons:
        nodes = {(*one.search, place) for place in one.places}
        met = [group for group in groups if group[0] & nodes]
        groups = [group for group in groups if not group[0] & nodes]
        joined = [pair for _, pairs in met for pair in pairs]
        groups.append(
            (set[tuple[object, ...]]().union(nodes, *(n for n, _ in met)), [*joined, one])
        )
    order = list(dict.fromkeys(one.search for one in comparisons))
    found = [pairs for _, pairs in groups]
    return sorted(found, key=lambda pairs: order.index(pairs[0].search))


@dataclass(slots=True)
class _Cell:
    """The differences of all pairs at one size, metric and tolerance; sizes of a pair may differ.

    Args:
        points: Point of each system, by its place among all results.
        differences: First minus second, by both places.
    """

    metric: str
    tolerance_s: float | None
    points: dict[int, Point] = field(default_factory=dict)
    differences: dict[tuple[int, int], Difference] = field(default_factory=dict)

    def rates(self) -> dict[int, float]:
        """Rate of each system, mean over its pairs: they may have different databases in common."""
        found: dict[int, list[float]] = {}
        for places, difference in self.differences.items():
            for place, rate in zip(places, difference.rates, strict=True):
                found.setdefault(place, []).append(rate)
        return {place: sum(rates) / len(rates) for place, rates in sorted(found.items())}

    def minus(self, place: int, best: int) -> Difference | None:
        """The difference of a system and the best one."""
        if (place, best) in self.differences:
            return self.differences[place, best]
        found = self.differences.get((best, place))
        return None if found is None else found.reverse()


class _Table:
    """The cells of all systems that are connected by comparisons."""

    def __init__(self, pairs: Sequence[Comparison]) -> None:
        self.pairs = pairs
        self.places = sorted({place for one in pairs for place in one.places})
        self.cells = list(_cells(pairs))

    def best_at(self, chosen: ChosenPoint) -> int | None:
        """Place of the best system at a point; None if the point is not there."""
        cell = next((cell for cell in self.cells if chosen.is_at(cell)), None)
        return None if cell is None else _best(cell)

    def standings(self, best: int | None, chosen: str | None) -> Standings:
        """The standings, against one system, or against the best of each cell."""
        one = self.pairs[0]
        sides = {p: side for c in self.pairs for p, side in zip(c.places, c.sides, strict=True)}
        shown = [sides[place] for place in self.places]
        ordered = [side.result for side in shown]
        search = one.index, one.distractors
        curves = [next(c for c in r.curves if search_of(c) == search) for r in ordered]
        rows = [
            self._standing(cell, _best(cell) if best is None else best)
            for cell in self.cells
            if best is None or best in cell.points
        ]
        return Standings(
            names=system_names(shown, curves, shown),
            results=ordered,
            index=one.index,
            distractors=one.distractors,
            search_label=one.search_label,
            generator=common_generator(ordered, one.distractors),
            queries=one.queries,
            chosen=chosen,
            rows=rows,
        )

    def _standing(self, cell: _Cell, best: int) -> Standing:
        at = {place: number for number, place in enumerate(self.places)}
        minus = {place: cell.minus(place, best) for place in cell.points if place != best}
        return Standing(
            metric=cell.metric,
            tolerance_s=cell.tolerance_s,
            points={at[place]: point for place, point in sorted(cell.points.items())},
            best=at[best],
            rate=cell.rates()[best],
            differences={at[p]: each for p, each in sorted(minus.items()) if each is not None},
        )


def _best(cell: _Cell) -> int:
    """Place of the system with the highest rate; of equal ones, the first."""
    rates = cell.rates()
    return max(rates, key=lambda place: rates[place])


def _cells(pairs: Iterable[Comparison]) -> Iterator[_Cell]:
    """The cells, in the order of measures and sizes.

    Two points belong to one cell if a pair was compared at them.
    """
    cells: list[_Cell] = []
    for one in pairs:
        for difference in one.differences:
            key = difference.metric, difference.tolerance_s
            sides = list(zip(one.places, difference.points, strict=True))
            cell = next(
                (
                    each
                    for each in cells
                    if (each.metric, each.tolerance_s) == key
                    and any(each.points.get(place) == point for place, point in sides)
                ),
                None,
            )
            if cell is None:
                cells.append(cell := _Cell(*key))
            cell.points |= dict(sides)
            cell.differences[one.places] = difference
    measures = list(dict.fromkeys((cell.metric, cell.tolerance_s) for cell in cells))
    measures.sort(key=lambda m: m[1] is None)
    yield from sorted(
        cells,
        key=lambda cell: (
            measures.index((cell.metric, cell.tolerance_s)),
            max(point.n_distractors for point in cell.points.values()),
        ),
    )
