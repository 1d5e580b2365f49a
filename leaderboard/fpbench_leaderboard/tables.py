"""Results into markdown tables: one for each set of results that may be compared."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tabulate import tabulate

from fpbench.results.comparable import ComparisonKey
from fpbench.results.document import Curve, Point, Result
from fpbench.results.names import system_label
from fpbench.units import short_hours, short_size

TITLE = "# Leaderboard\n\nMade by `fpbench leaderboard` from the results in `submissions`.\n"


@dataclass(frozen=True, slots=True)
class TableKey:
    """What must be equal for two curves to be in one table."""

    comparison_key: ComparisonKey
    metric: str
    tolerance_s: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a system with one index and one kind of distractors."""

    result: Result
    curve: Curve

    def at(self, n_distractors: int) -> Point | None:
        """The point at a size, if it was measured."""
        found = (p for p in self.curve.points if p.n_distractors == n_distractors)
        return next(found, None)


def leaderboard(results: Iterable[Result], metric: str = "hr@1") -> str:
    """Markdown: a heading and a table for each contest, the best system first.

    Args:
        results: In any order; the text does not depend on it.
        metric: Which curves to show.

    Returns:
        Markdown that ends in a newline; says so where there is nothing to show.
    """
    contests: dict[TableKey, list[Row]] = defaultdict(list)
    for result in results:
        for curve in result.curves:
            if curve.metric == metric:
                contest = TableKey(ComparisonKey.of(result), metric, curve.tolerance_s)
                entrants = contests[contest]
                if not any(_is_duplicate(result, curve, other) for other in entrants):
                    entrants.append(Row(result, curve))
    if not contests:
        return f"No results with {metric}.\n"
    names = {c: min(e.result.data.name for e in entrants) for c, entrants in contests.items()}
    ordered = sorted(contests, key=lambda c: (names[c], c.comparison_key.query_length_s, repr(c)))
    sections = [_section(names[contest], contest, contests[contest]) for contest in ordered]
    return "\n".join([TITLE, *sections])


def _is_duplicate(result: Result, curve: Curve, other: Row) -> bool:
    """Whether a curve is there: from a copy, or against real music beside another generator."""
    # Code that changed without changing an answer is no other system.
    one, another = (replace(r.fingerprinter, source_sha256=None) for r in (result, other.result))
    same = (one, curve) == (another, other.curve)
    return same and (curve.distractors == "real" or result.generator == other.result.generator)


def _section(data: str, contest: TableKey, entrants: Sequence[Row]) -> str:
    sizes = sorted({p.n_distractors for e in entrants for p in e.curve.points})
    shown = [entrant.result.fingerprinter for entrant in entrants]
    rows = [
        [system_label(entrant.result.fingerprinter, shown, dtype=True), *_cells(entrant, sizes)]
        for entrant in sorted(entrants, key=lambda e: _rank(e, sizes))
    ]
    header = [
        "system",
        "index",
        "distractors",
        "queries",
        *(f"{contest.metric.upper()} at {short_size(n)}" for n in sizes),
        "audio searched",
    ]
    table = tabulate(rows, headers=header, tablefmt="github", disable_numparse=True)
    where = "in the right track"
    if contest.tolerance_s is not None:
        where = f"within {contest.tolerance_s:g} s"
    asked = contest.comparison_key
    title = f"## {data}, {asked.n_queries} queries of {asked.query_length_s:g} s, {where}"
    note = f"Percent, with 95 % intervals over tracks. Data `{asked.content[:12]}`."
    return f"{title}\n\n{note}\n\n{table}\n"


def _cells(entrant: Row, sizes: Sequence[int]) -> list[str]:
    result, curve = entrant.result, entrant.curve
    kind: str = curve.distractors
    if kind == "synthetic" and result.generator is not None:
        kind = f"synthetic ({result.generator.name})"
    return [
        curve.index,
        kind,
        str(result.queries.n),
        *(_cell(entrant.at(n)) for n in sizes),
        short_hours(curve.points[-1].hours),
    ]


def _cell(point: Point | None) -> str:
    if point is None:
        return ""
    low, high = 100 * point.ci.low, 100 * point.ci.high
    return f"{100 * point.value:.1f} ({low:.1f}–{high:.1f})"  # noqa: RUF001 - a range's dash


def _rank(entrant: Row, sizes: Sequence[int]) -> tuple[object, ...]:
    """Best at the largest size first; whoever was not measured there comes after."""
    points = (entrant.at(n) for n in reversed(sizes))
    values = tuple(-p.value if p is not None else 1.0 for p in points)
    return (*values, entrant.result.fingerprinter.name, entrant.curve.index,
            entrant.curve.distractors, repr(entrant.result))  # fmt: skip
