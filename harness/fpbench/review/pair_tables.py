"""Tables of the differences of two systems: as many measures side by side as fit."""

from collections.abc import Sequence

from tabulate import tabulate

from fpbench.results.names import metric_label
from fpbench.review.comparison import Comparison
from fpbench.review.comparison_cells import WIDTH, difference_cell, join_different
from fpbench.review.differences import Difference
from fpbench.units import short_hours, short_size

Measure = tuple[str, float | None]
"""Metric and tolerance."""


def pair_heading(comparison: Comparison) -> str:
    """Both systems, what was searched, and the generator of synthetic distractors."""
    heading = " minus ".join(comparison.names)
    heading += f"; {comparison.search_label}"
    if comparison.generator is not None:
        heading += f" ({comparison.generator})"
    return heading


def list_measures(comparison: Comparison) -> list[Measure]:
    """Measures of the differences; those with any time in the track come last."""
    measures = list(dict.fromkeys((d.metric, d.tolerance_s) for d in comparison.differences))
    return sorted(measures, key=lambda m: m[1] is None)


def pair_text_tables(comparison: Comparison) -> str:
    """Tables side by side of as many measures as fit; the others follow below."""
    tables: list[str] = []
    shown: list[Measure] = []
    for measure in list_measures(comparison):
        table = pair_table(comparison, [*shown, measure], "simple")
        if shown and max(map(len, table.splitlines())) > WIDTH:
            shown = []
            table = pair_table(comparison, [measure], "simple")
        tables = tables[:-1] if shown else tables
        tables.append(table)
        shown.append(measure)
    return "\n\n".join(tables)


def pair_table(comparison: Comparison, measures: Sequence[Measure], tablefmt: str) -> str:
    """A row for each pair of databases, a column for each measure.

    Args:
        comparison: The differences.
        measures: Columns.
        tablefmt: Format of tabulate.
    """
    differences = comparison.differences
    cells = {(_database_key(d), d.metric, d.tolerance_s): difference_cell(d) for d in differences}
    databases = sorted({_database_key(d) for d in differences})
    rows = [
        [
            join_different([short_size(n) for n in sizes]),
            join_different([short_hours(h) for h in hours]),
            *(cells.get(((sizes, hours), *m), "") for m in measures),
        ]
        for sizes, hours in databases
    ]
    headers = ["distractors", "audio", *(metric_label(*m) for m in measures)]
    return tabulate(rows, headers=headers, stralign="right", tablefmt=tablefmt)


def _database_key(difference: Difference) -> tuple[tuple[int, int], tuple[float, float]]:
    one, other = difference.points
    return (one.n_distractors, other.n_distractors), (one.hours, other.hours)
