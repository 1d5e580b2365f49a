"""Markdown tables of results: one table for each set of comparable results."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tabulate import tabulate

from fpbench.folder_names import change_texts, without_folders
from fpbench.results.comparable import ComparisonKey, split_by_length
from fpbench.results.document import Curve, Point, Result
from fpbench.results.names import clusters_label, data_label, rate_label, system_label
from fpbench.results.systems import FingerprinterInfo
from fpbench.review.distractor_notes import real_distractors_label
from fpbench.review.gap_notes import gap_note
from fpbench.review.half_size_notes import find_half_size, half_size_label
from fpbench.review.markdown_texts import escape_result
from fpbench.review.synthetic_labels import distractor_label
from fpbench.units import short_hours, short_size

TITLE = "# Leaderboard\n\nMade by `fpbench leaderboard` from the results in `submissions`.\n"

BREAKS_RULES = "†"
"""Mark of a system that was measured although it breaks rules of the harness."""

NOT_SEARCHED = "◇"
"""Mark of a point that was not searched, as the diamonds of a figure."""


@dataclass(frozen=True, slots=True)
class TableKey:
    """Properties that are equal for all curves of one table."""

    comparison_key: ComparisonKey
    metric: str
    tolerance_s: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One table row: a system with one index and one kind of distractors."""

    result: Result
    curve: Curve

    def at(self, n_distractors: int) -> Point | None:
        """The point at a database size, if it was measured."""
        points = (p for p in self.curve.points if p.n_distractors == n_distractors)
        return next(points, None)


def leaderboard(results: Iterable[Result], metric: str = "hr@1") -> str:
    """A heading and a table for each set of comparable results, the best system first.

    Args:
        results: Results in any order; the text does not depend on it.
        metric: Metric of the curves.

    Returns:
        Markdown that ends in a newline, with a message if no result has the metric.
    """
    tables: dict[TableKey, list[Row]] = defaultdict(list)
    # Older results may name folders of the machine where they were made.
    cleaned = (escape_result(change_texts(one, without_folders)) for one in results)
    for result in (part for one in cleaned for part in split_by_length(one)):
        for curve in result.curves:
            if curve.metric == metric:
                rows = tables[TableKey(ComparisonKey.of(result), metric, curve.tolerance_s)]
                if not any(_is_duplicate(result, curve, other) for other in rows):
                    rows.append(Row(result, curve))
    if not tables:
        return f"No results with {metric}.\n"
    names = {key: min(data_label(row.result) for row in rows) for key, rows in tables.items()}
    keys = sorted(
        tables, key=lambda key: (names[key], key.comparison_key.query_length_s, repr(key))
    )
    sections = [_section(names[key], key, tables[key]) for key in keys]
    return "\n".join([TITLE, *sections])


def _is_duplicate(result: Result, curve: Curve, other: Row) -> bool:
    """Whether a row has the same curve: from a copy of the result, or from a run with another
    generator, if the distractors are real.
    """
    # A new version of the code with the same numbers is not another system.
    one, another = (replace(r.fingerprinter, source_sha256=None) for r in (result, other.result))
    same = (one, curve) == (another, other.curve)
    return same and (curve.distractors == "real" or result.generator == other.result.generator)


def _section(data: str, key: TableKey, rows: Sequence[Row]) -> str:
    sizes = sorted({point.n_distractors for row in rows for point in row.curve.points})
    shown = [row.result.fingerprinter for row in rows]
    ordered = sorted(rows, key=lambda row: _rank(row, sizes))
    cells = [
        [
            system_label(row.result.fingerprinter, shown, dtype=True) + _mark(row.result),
            *_cells(row, sizes),
        ]
        for row in ordered
    ]
    header = [
        "system",
        "index",
        "distractors",
        "queries",
        *(f"{key.metric.upper()} at {short_size(n)}" for n in sizes),
        "audio searched",
    ]
    table = tabulate(cells, headers=header, tablefmt="github", disable_numparse=True)
    where = "in the right track"
    if key.tolerance_s is not None:
        where = f"within {key.tolerance_s:g} s"
    queries = key.comparison_key
    title = f"## {data}, {queries.n_queries} queries of {queries.query_length_s:g} s, {where}"
    clusters = dict.fromkeys(clusters_label(row.result.queries) for row in rows)
    note = f"Percent, with 95 % intervals over {' or '.join(clusters)}. "
    note += f"Data `{queries.content[:12]}`."
    if any(_mark(row.result) for row in rows):
        note += f" {BREAKS_RULES} breaks rules of the harness, see `check` in its result."
    if any(point.found != "searched" for row in rows for point in row.curve.points):
        note += f" {NOT_SEARCHED} simulated, not searched."
    parts = [title, note, table, *_half_sizes(ordered, shown), *_gap_lines(ordered, shown)]
    return "\n\n".join(parts) + "\n"


def _half_sizes(rows: Sequence[Row], shown: Sequence[FingerprinterInfo]) -> list[str]:
    """A table of the sizes at which simulated rates are halved, the largest first."""
    found = [(row, half) for row in rows if (half := find_half_size(row.result, row.curve))]
    if not found:
        return []
    start = short_size(found[0][1].start)
    cells = [
        [
            system_label(row.result.fingerprinter, shown, dtype=True),
            distractor_label(row.result, row.curve),
            f"{100 * half.value:.1f}",
            half_size_label(half),
        ]
        for row, half in sorted(found, key=lambda pair: -(pair[1].size or math.inf))
    ]
    header = ["system", "generator", f"{found[0][1].metric.upper()} at {start}", "half of it at"]
    table = tabulate(cells, headers=header, tablefmt="github", disable_numparse=True)
    return [f"Number of distractors at which the hit rate is half of that at {start}:", table]


def _gap_lines(rows: Sequence[Row], shown: Sequence[FingerprinterInfo]) -> list[str]:
    """What the measured gaps say about rows with synthetic distractors, as one list."""
    lines = [
        f"* {system_label(row.result.fingerprinter, shown, dtype=True)}, {row.curve.index}: {note}"
        for row in rows
        if (note := gap_note(row.result, row.curve))
    ]
    if not lines:
        return []
    return [
        "Gap between synthetic and real distractors, ± half of a 95 % interval:",
        "\n".join(lines),
    ]


def _mark(result: Result) -> str:
    passed = result.check is None or result.check.passed
    return "" if passed else f" {BREAKS_RULES}"


def _cells(row: Row, sizes: Sequence[int]) -> list[str]:
    result, curve = row.result, row.curve
    kind: str = curve.distractors
    if kind == "synthetic" and result.generator is not None:
        kind = f"synthetic ({distractor_label(result, curve)})"
    elif kind == "real" and (label := real_distractors_label(result, curve)):
        kind = f"real ({label})"
    return [
        curve.index,
        kind,
        str(result.queries.n),
        *(_cell(row.at(n)) for n in sizes),
        short_hours(max((p.hours for p in curve.points if p.found == "searched"), default=0)),
    ]


def _cell(point: Point | None) -> str:
    if point is None:
        return ""
    return rate_label(point) + f" {NOT_SEARCHED}" * (point.found != "searched")


def _rank(row: Row, sizes: Sequence[int]) -> tuple[object, ...]:
    """Sort key: best at the largest size first; systems not measured there come after."""
    points = (row.at(n) for n in reversed(sizes))
    values = tuple(-p.value if p is not None else 1.0 for p in points)
    return (*values, row.result.fingerprinter.name, row.curve.index,
            row.curve.distractors, repr(row.result))  # fmt: skip
