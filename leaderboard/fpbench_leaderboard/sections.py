"""Makes the leaderboard of results: sections, and the rankings in them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from fpbench.folder_names import without_folders
from fpbench.results.comparable import ComparisonKey
from fpbench.results.document import Result
from fpbench.results.lengths import split_by_length
from fpbench.results.names import clusters_label, data_label
from fpbench.review.synthetic_labels import distractor_label
from fpbench_leaderboard.board import Board, BoardCurve, Ranking, Row, Section
from fpbench_leaderboard.entries import Entry, SystemKey, name_systems
from fpbench_leaderboard.ranks import Candidate, PairedTests, place_systems
from fpbench_leaderboard.rows import make_row, rate_of
from fpbench_leaderboard.searches import Contest, Wanted, choose_contest, contests
from fpbench_leaderboard.side_tables import side_tables

_Key = tuple[str | None, str | None, ComparisonKey]


def make_board(entries: Iterable[Entry], source: str, wanted: Wanted | None = None) -> Board:
    """The leaderboard of some results, which does not depend on their order.

    Args:
        entries: The results, with their tiers.
        source: Where they are from, in words.
        wanted: Which rankings to make; None makes all.
    """
    by_key: dict[_Key, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: (str(entry.path), repr(entry.result))):
        for result in split_by_length(entry.result):
            by_key[_key(result)].append(replace(entry, result=result))
    tests = PairedTests()
    sections = [_section(part, wanted or Wanted(), tests) for part in by_key.values()]
    shown = [section for section in sections if section.rankings]
    return Board(source=source, sections=sorted(shown, key=_order))


def _key(result: Result) -> _Key:
    task = result.task
    of_task = (None, None) if task is None else (task.name, task.content)
    return (*of_task, ComparisonKey.of(result))


def _order(section: Section) -> tuple[object, ...]:
    return (
        section.task is None,
        section.task or "",
        section.task_content or "",
        section.data,
        section.query_length_s,
        -max(len(ranking.rows) for ranking in section.rankings),
        section.queries,
        section.content,
        repr(section),
    )


def _section(entries: Sequence[Entry], wanted: Wanted, tests: PairedTests) -> Section:
    first = min((entry.result for entry in entries), key=lambda result: result.data.name)
    names = name_systems(entries)
    measures = {
        (curve.metric, curve.tolerance_s): None
        for entry in entries
        for curve in entry.result.curves
        if wanted.has(curve)
    }
    rankings, curves = [], []
    for metric, tolerance_s in sorted(measures, key=_measure_order):
        candidates = [
            Candidate(entry, curve)
            for entry in entries
            for curve in entry.result.curves
            if (curve.metric, curve.tolerance_s) == (metric, tolerance_s)
        ]
        ranking, chosen = _ranking(candidates, names, wanted, tests)
        if ranking is not None:
            rankings.append(ranking)
            curves += _curves(candidates, names, chosen)
    clusters = dict.fromkeys(clusters_label(entry.result.queries) for entry in entries)
    task = first.task
    return Section(
        task=None if task is None else task.name,
        task_content=None if task is None else task.content,
        data=without_folders(data_label(first)),
        content=first.data.content,
        queries=first.queries.n,
        query_length_s=first.queries.length_s,
        clusters=" or ".join(sorted(clusters)),
        is_of_maintainers=task is not None and all(map(_is_of_maintainers, entries)),
        rankings=rankings,
        curves=curves,
    )


def _is_of_maintainers(entry: Entry) -> bool:
    who = entry.result.provenance
    return who is not None and who.relation == "maintainer"


def _measure_order(measure: tuple[str, float | None]) -> tuple[int, bool, float]:
    """HR@1 before HR@10, and tolerances before any time in the track."""
    metric, tolerance_s = measure
    return (int(metric.removeprefix("hr@")), tolerance_s is None, tolerance_s or 0.0)


def _ranking(
    candidates: Sequence[Candidate],
    names: Mapping[SystemKey, str],
    wanted: Wanted,
    tests: PairedTests,
) -> tuple[Ranking | None, Sequence[Candidate]]:
    """The ranking of one metric and tolerance, with the curves in it."""
    found = contests(candidates)
    choice = choose_contest(found, wanted)
    if choice is None:
        return None, []
    contest, size = choice
    chosen = {key: _best(curves, size) for key, curves in contest.by_system.items()}
    ranks, paired = _ranks(chosen, contest, size, tests)
    rows = [make_row(one, names[key], ranks[key], size) for key, one in chosen.items()]
    first = candidates[0].curve
    ranking = Ranking(
        metric=first.metric,
        tolerance_s=first.tolerance_s,
        search=contest.search,
        n_distractors=size,
        paired=paired,
        rows=sorted(rows, key=lambda row: _row_order(row, size)),
        tables=side_tables(found, contest.search, size, names),
    )
    return ranking, list(chosen.values())


def _best(candidates: Sequence[Candidate], size: int) -> Candidate:
    """The best configuration of a system at a size, or else the one with the largest size."""

    def worth(one: Candidate) -> tuple[bool, float, int, int]:
        point = one.at(size)
        points = one.curve.points
        return (
            point is not None,
            point.value if point is not None else float(points[-1].n_distractors),
            one.entry.result.estimator,
            len(points),
        )

    return max(candidates, key=worth)


def _ranks(
    chosen: Mapping[SystemKey, Candidate], contest: Contest, ranked: int, tests: PairedTests
) -> tuple[dict[SystemKey, dict[int, int]], int]:
    """Ranks of each system by size, and the number of paired tests at the size of the ranking."""
    ranks: dict[SystemKey, dict[int, int]] = {key: {} for key in chosen}
    paired = 0
    for size in sorted(contest.sizes()):
        there = [(key, one, point.value) for key, one in chosen.items() if (point := one.at(size))]
        there.sort(key=lambda system: -system[2])
        places = place_systems([one for _, one, _ in there], size, tests)
        for (key, _, _), rank in zip(there, places.ranks, strict=True):
            ranks[key][size] = rank
        paired = places.paired if size == ranked else paired
    return ranks, paired


def _row_order(row: Row, size: int) -> tuple[bool, float, str]:
    """The best first; systems without the size come after, by the largest one that they have."""
    rate = row.at(size)
    shown = row.rates[-1] if rate is None else rate
    return (rate is None, -shown.value, row.system)


def _curves(
    candidates: Sequence[Candidate],
    names: Mapping[SystemKey, str],
    chosen: Sequence[Candidate],
) -> list[BoardCurve]:
    """Every different curve, for figures; copies of a curve are left out."""
    found: dict[tuple[object, ...], BoardCurve] = {}
    ranked = {id(one.curve) for one in chosen}
    for one in sorted(candidates, key=lambda each: id(each.curve) not in ranked):
        result, curve = one.entry.result, one.curve
        name = names[one.entry.system]
        kind = distractor_label(result, curve)
        points = [rate_of(point) for point in curve.points]
        key = (name, curve.index, kind, tuple((p.n_distractors, p.value) for p in points))
        if key in found:
            continue
        found[key] = BoardCurve(
            system=name,
            index=curve.index,
            distractors=curve.distractors,
            generator=kind if curve.distractors == "synthetic" else None,
            metric=curve.metric,
            tolerance_s=curve.tolerance_s,
            ranked=id(curve) in ranked,
            points=points,
            links=one.entry.links,
        )
    return list(found.values())
