"""Comparisons of results as tables: text, HTML, LaTeX, CSV, JSON and records."""

import csv
import io
import json
import textwrap
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from tabulate import tabulate

from fpbench.files import atomic_file
from fpbench.results.document import Result
from fpbench.results.names import (
    clusters_label,
    few_clusters_note,
    metric_label,
    tracks_label,
)
from fpbench.review.comparison import Comparison, Difference
from fpbench.review.flipped_queries import flipped_records
from fpbench.review.gap_notes import measured_gap
from fpbench.units import short_hours, short_size

WIDTH = 100
"""Longest line of text, in characters."""

FORMATS = ("table", "csv", "latex", "json")

Measure = tuple[str, float | None]
"""Metric and tolerance."""

Record = dict[str, str | int | float | bool | None]


class Comparisons(tuple[Comparison, ...]):
    """Comparisons of results: one for each pair, index and kind of distractors in common.

    They are shown as tables, in text and in notebooks.
    """

    level: float

    def __new__(cls, comparisons: Iterable[Comparison], level: float) -> "Comparisons":
        """Create the tuple.

        Args:
            comparisons: At least one comparison.
            level: Confidence level of their intervals.
        """
        new = super().__new__(cls, comparisons)
        new.level = level
        return new

    def records(self) -> list[Record]:
        """One flat dictionary for each difference, for pandas, polars and csv.

        Returns:
            Dictionaries with the same keys. Differences and their intervals are from -1 to 1.
        """
        return [
            {
                "first": one.names[0],
                "second": one.names[1],
                "index": one.index,
                "distractors": one.distractors,
                "generator": one.generator,
                "metric": d.metric,
                "tolerance_s": d.tolerance_s,
                "n_distractors_first": d.points[0].n_distractors,
                "n_distractors_second": d.points[1].n_distractors,
                "difference": d.value,
                "ci_low": d.low,
                "ci_high": d.high,
                "ci_level": self.level,
                "p_value": d.p_value,
                "clear": d.clear,
            }
            for one in self
            for d in one.differences
        ]

    def flipped_queries(self) -> list[Record]:
        """Queries that exactly one of two systems finds at rank 1, one flat dictionary for each.

        They are those of the database that begins with the first distractor, at every size and
        tolerance.

        Returns:
            Dictionaries with the systems, the size, the query's track, start time and degradations
            (``snr_db`` and ``room`` for noise and reverberation), and both ranks from 1; None for a
            match that is not in the shortlist.
        """
        return [
            {
                "first": one.names[0],
                "second": one.names[1],
                "index": one.index,
                "distractors": one.distractors,
                "generator": one.generator,
                **record,
            }
            for one in self
            for record in flipped_records(one.ranks, one.columns)
        ]

    def write_flipped_queries(self, path: Path) -> None:
        """Write :meth:`flipped_queries` to a CSV file."""
        text = _csv(self.flipped_queries(), _FLIPPED) + "\n"
        with atomic_file(path) as file:
            file.write(text.encode())

    def format(self, form: str) -> str:
        """The comparisons as text in one of :data:`FORMATS`, without a newline at the end."""
        if form == "json":
            return json.dumps(self.records(), indent=2, ensure_ascii=False)
        if form == "csv":
            return _csv(self.records())
        if form == "latex":
            return "\n\n".join([*map(_latex, self), _latex_comment(self._notes())])
        return repr(self)

    def __repr__(self) -> str:
        parts = [f"{_wrap(_heading(one))}\n{_text_tables(one)}" for one in self]
        return "\n\n".join([*parts, *map(_wrap, self._notes())])

    def _repr_html_(self) -> str:
        tables = [
            f"<p><b>{escape(_heading(one))}</b></p>{_table(one, _measures(one), 'html')}"
            for one in self
        ]
        return "".join([*tables, *(f"<p>{escape(note)}</p>" for note in self._notes())])

    def _notes(self) -> list[str]:
        """The gap of the synthetic distractors, if there are any, and how to read the tables."""
        queries, tests = self[0].queries, sum(len(one.differences) for one in self)
        note = f"{queries.n} queries of {queries.length_s:g} s from {tracks_label(queries)}"
        note += f"; points, with {100 * self.level:g} % intervals (paired, over "
        note += f"{clusters_label(queries)}; {tests} in all, not corrected)"
        level = f"{100 * (1 - self.level):.3g} %"
        note += f"; * one is better (sign-flip test at {level}, Holm-corrected for {tests} tests)"
        few = few_clusters_note(queries)
        return [*_gap_notes(self), *([few] if few is not None else []), note]


def _heading(comparison: Comparison) -> str:
    heading = " minus ".join(comparison.names)
    heading += f"; {comparison.index}, {comparison.distractors} distractors"
    if comparison.generator is not None:
        heading += f" ({comparison.generator})"
    return heading


def _wrap(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_on_hyphens=False)


def _measures(comparison: Comparison) -> list[Measure]:
    measures = list(dict.fromkeys((d.metric, d.tolerance_s) for d in comparison.differences))
    return sorted(measures, key=lambda m: m[1] is None)


def _text_tables(comparison: Comparison) -> str:
    """Tables side by side of as many measures as fit; the others follow below."""
    tables: list[str] = []
    shown: list[Measure] = []
    for measure in _measures(comparison):
        table = _table(comparison, [*shown, measure], "simple")
        if shown and max(map(len, table.splitlines())) > WIDTH:
            shown = []
            table = _table(comparison, [measure], "simple")
        tables = tables[:-1] if shown else tables
        tables.append(table)
        shown.append(measure)
    return "\n\n".join(tables)


def _table(comparison: Comparison, measures: Sequence[Measure], tablefmt: str) -> str:
    differences = comparison.differences
    cells = {(_database_key(d), d.metric, d.tolerance_s): _cell(d) for d in differences}
    databases = sorted({_database_key(d) for d in differences})
    rows = [
        [
            _join_pair([short_size(n) for n in sizes]),
            _join_pair([short_hours(h) for h in hours]),
            *(cells.get(((sizes, hours), *m), "") for m in measures),
        ]
        for sizes, hours in databases
    ]
    headers = ["distractors", "audio", *(metric_label(*m) for m in measures)]
    return tabulate(rows, headers=headers, stralign="right", tablefmt=tablefmt)


def _database_key(difference: Difference) -> tuple[tuple[int, int], tuple[float, float]]:
    one, other = difference.points
    return (one.n_distractors, other.n_distractors), (one.hours, other.hours)


def _join_pair(texts: Sequence[str]) -> str:
    one, other = texts
    return one if one == other else f"{one} and {other}"


def _cell(difference: Difference) -> str:
    value, low, high = (100 * x for x in (difference.value, difference.low, difference.high))
    known = 0 < high - low < 200  # of the whole range, there are too few groups for an interval
    interval = f"{low:+.1f} to {high:+.1f}" if known else "no interval"
    return f"{'* ' if difference.clear else ''}{value:+.1f} ({interval})"


_FLIPPED = ("first", "second", "index", "distractors", "query", "rank_first", "rank_second")
"""Columns of an empty table of queries."""


def _csv(records: Sequence[Record], columns: Sequence[str] = ()) -> str:
    """The records as CSV; ``columns`` are those of a table without records."""
    text = io.StringIO()
    names = list(dict.fromkeys(name for record in records for name in record)) or list(columns)
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().rstrip("\n")


def _latex(comparison: Comparison) -> str:
    table = _table(comparison, _measures(comparison), "latex_booktabs").replace("±", r"$\pm$")
    return f"{_latex_comment([_heading(comparison)])}\n{table}"


def _latex_comment(lines: Iterable[str]) -> str:
    return "\n".join(f"% {line}" for line in lines)


def _gap_notes(comparisons: Iterable[Comparison]) -> list[str]:
    """How far synthetic distractors are from real ones, for each system, index and generator."""
    notes: dict[str, None] = {}
    for one in comparisons:
        if one.distractors == "synthetic":
            measures = _measures(one)
            for name, result in zip(one.names, one.results, strict=True):
                notes[_gap_note(name, result, one.index, measures)] = None
    return list(notes)


def _gap_note(name: str, result: Result, index: str, measures: Sequence[Measure]) -> str:
    """The gaps of one system in all measures of a table."""
    texts: list[str] = []
    for curve in result.curves:
        own = curve.index == index and (curve.metric, curve.tolerance_s) in measures
        gap = measured_gap(result, curve) if own else None
        if gap is not None:
            label = metric_label(curve.metric, curve.tolerance_s)
            texts.append(f"{label} {gap.text} at {short_size(gap.n_distractors)}")
    generator = result.generator.name if result.generator else "synthetic"
    found = ", ".join(texts) if texts else "not measured"
    return f"{generator} minus real distractors, {name}, {index}, in points: {found}"
