"""Tables without ranks: real distractors, several generators, several indexes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from fpbench.review.distractor_notes import real_distractors_label
from fpbench.review.measured_gaps import measured_gap
from fpbench.review.operating_points import is_on_front, operating_points
from fpbench_leaderboard.board import RealGap, Search, SearchCost, SideRow, SideTable
from fpbench_leaderboard.entries import SystemKey
from fpbench_leaderboard.ranks import Candidate
from fpbench_leaderboard.rows import rate_of
from fpbench_leaderboard.searches import Contest

Names = Mapping[SystemKey, str]

_BATCH = 100  # queries that are searched together


def side_tables(
    found: Sequence[Contest], ranked: Search, n_distractors: int, names: Names
) -> list[SideTable]:
    """The tables beside a ranking, as far as there is anything to compare.

    Args:
        found: All searches of the section by this metric and tolerance.
        ranked: The search that is ranked.
        n_distractors: The size at which systems are ranked.
        names: Name of each system.
    """
    tables = [_real_table(found, ranked, names)]
    generators = [
        c for c in found if c.search.index == ranked.index and c.search.distractors == "synthetic"
    ]
    labels = [str(c.search.generator) for c in generators]
    tables.append(_table("generators", generators, labels, n_distractors, names))
    indexes = [
        c
        for c in found
        if (c.search.distractors, c.search.generator) == (ranked.distractors, ranked.generator)
    ]
    labels = [c.search.index for c in indexes]
    tables.append(_table("indexes", indexes, labels, n_distractors, names))
    return [table for table in tables if table is not None]


def best_at(candidates: Sequence[Candidate], n_distractors: int) -> Candidate | None:
    """The best of some curves of one system at a size; None if none has it."""
    rates = [
        (point.value, -place)
        for place, one in enumerate(candidates)
        if (point := one.at(n_distractors)) is not None
    ]
    return candidates[-max(rates)[1]] if rates else None


def _table(
    kind: Literal["generators", "indexes"],
    columns: Sequence[Contest],
    labels: Sequence[str],
    wanted: int,
    names: Names,
) -> SideTable | None:
    """The best rates of each system, at one size that most can be compared at."""
    shared = Counter[int]()
    systems = sorted({key for one in columns for key in one.by_system}, key=lambda key: names[key])
    for key in systems:
        sizes = Counter(size for one in columns for size in _sizes(one.by_system.get(key, ())))
        shared.update(size for size, count in sizes.items() if count > 1)
    if not shared:
        return None
    size = max(shared, key=lambda size: (shared[size], size == wanted, size))
    rows = []
    for key in systems:
        found = _of_one_result([one.by_system.get(key, ()) for one in columns], size)
        points = [None if one is None else one.at(size) for one in found]
        if any(points):
            rates = [None if point is None else rate_of(point) for point in points]
            costs = [None if one is None else _cost(one) for one in found]
            shown = costs if kind == "indexes" else []
            rows.append(SideRow(system=names[key], rates=rates, costs=shown))
    return SideTable(kind=kind, n_distractors=size, columns=labels, rows=rows)


def _of_one_result(columns: Sequence[Sequence[Candidate]], size: int) -> list[Candidate | None]:
    """The best curve of each column at a size: of the result that has most columns, if it has one.

    Results differ in more than their indexes, so that rates of two are a poorer comparison.
    """
    there = [[one for one in column if one.at(size) is not None] for column in columns]
    counts = Counter(id(one.entry) for column in there for one in column)
    most = [
        one for column in there for one in column if counts[id(one.entry)] == max(counts.values())
    ]
    lead = best_at(most, size)
    return [
        best_at([one for one in column if lead and one.entry is lead.entry] or column, size)
        for column in there
    ]


def _cost(candidate: Candidate) -> SearchCost | None:
    """What the index of a curve takes."""
    costs, curve = candidate.entry.result.costs, candidate.curve
    cost = None if costs is None else costs.index(curve.index, curve.distractors)
    if cost is None:
        return None
    latency = cost.latency(_BATCH)
    points = operating_points(candidate.entry.result)
    return SearchCost(
        bytes_per_hour=cost.bytes_per_hour,
        ms_per_query=None if latency is None else latency.ms,
        rows=cost.rows,
        on_front=any(one.cost is cost and is_on_front(one, points) for one in points),
    )


def _sizes(candidates: Sequence[Candidate]) -> set[int]:
    return {point.n_distractors for one in candidates for point in one.curve.points}


def _real_table(found: Sequence[Contest], ranked: Search, names: Names) -> SideTable | None:
    """All real distractors of each system, beside as many synthetic ones of the ranked search."""
    if ranked.distractors == "real":
        return None
    search = Search(index=ranked.index, distractors="real", generator=None)
    by_system = {one.search: one.by_system for one in found}
    synthetic = by_system[ranked]
    rows = [
        _real_row(names[key], curves, synthetic.get(key, ()))
        for key, curves in by_system.get(search, {}).items()
    ]
    if not rows:
        return None
    return SideTable(
        kind="real",
        n_distractors=None,
        columns=["real", ranked.generator or "synthetic"],
        rows=sorted(rows, key=lambda row: row.system),
    )


def _real_row(system: str, curves: Sequence[Candidate], synthetic: Sequence[Candidate]) -> SideRow:
    """Both rates and the gap of one result if one has both, at its largest size of both.

    Results differ in more than their distractors, so that rates of two have no gap.
    """
    pairs = [
        (size, one, other)
        for one in curves
        for other in synthetic
        if one.entry is other.entry
        for size in _sizes([one]) & _sizes([other])
        if size > 0
    ]
    size = max([size for size, _, _ in pairs] or _sizes(curves))
    at_size = {id(one): (one, other) for at, one, other in pairs if at == size}
    real = best_at([one for one, _ in at_size.values()] or curves, size)
    other = at_size[id(real)][1] if at_size else best_at(synthetic, size)
    points = [None if one is None else one.at(size) for one in (real, other)]
    return SideRow(
        system=system,
        rates=[None if point is None else rate_of(point) for point in points],
        tracks="" if real is None else real_distractors_label(real.entry.result, real.curve),
        gap=_gap(other) if at_size and other is not None else None,
    )


def _gap(candidate: Candidate) -> RealGap | None:
    gap = measured_gap(candidate.entry.result, candidate.curve)
    if gap is None:
        return None
    return RealGap(
        n_distractors=gap.n_distractors, value=gap.value, error=gap.error, held_out=gap.held_out
    )
