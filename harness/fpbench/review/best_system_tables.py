"""Tables of several systems against the best of them: text, HTML and LaTeX."""

from collections.abc import Iterator, Sequence

from tabulate import tabulate

from fpbench.results.names import metric_label
from fpbench.review.best_system import Standing, Standings
from fpbench.review.comparison_cells import WIDTH, difference_cell, join_different
from fpbench.units import short_hours, short_size


def standings_heading(table: Standings) -> str:
    """What the tables show."""
    heading = "each minus the best of its row"
    if table.chosen is not None:
        best = {table.names[row.best]: None for row in table.rows}
        heading = f"each minus {', '.join(best)}, the best at {table.chosen}"
    heading += f"; {table.search_label}"
    return heading if table.generator is None else f"{heading} ({table.generator})"


def standings_tables(table: Standings, tablefmt: str) -> Iterator[str]:
    """One table for each metric and tolerance, with a column for each system."""
    systems = range(len(table.names))
    for rows in _by_measure(table.rows):
        yield _table(table, rows, systems, tablefmt)


def standings_text_tables(table: Standings) -> str:
    """The tables as text; systems that do not fit into a line follow below."""
    tables: list[str] = []
    for rows in _by_measure(table.rows):
        left = list(range(len(table.names)))
        while left:
            fitting = next((n for n in range(len(left), 1, -1) if _fits(table, rows, left[:n])), 1)
            tables.append(_table(table, rows, left[:fitting], "simple"))
            left = left[fitting:]
    return "\n\n".join(tables)


def _fits(table: Standings, rows: Sequence[Standing], systems: Sequence[int]) -> bool:
    lines = _table(table, rows, systems, "simple").splitlines()
    return max(map(len, lines)) <= WIDTH


def _by_measure(rows: Sequence[Standing]) -> list[list[Standing]]:
    measures = dict.fromkeys((row.metric, row.tolerance_s) for row in rows)
    return [[row for row in rows if (row.metric, row.tolerance_s) == m] for m in measures]


def _table(
    table: Standings, rows: Sequence[Standing], systems: Sequence[int], tablefmt: str
) -> str:
    label = metric_label(rows[0].metric, rows[0].tolerance_s)
    cells = [
        [
            join_different([short_size(point.n_distractors) for point in row.points.values()]),
            join_different([short_hours(point.hours) for point in row.points.values()]),
            *(_cell(row, system) for system in systems),
        ]
        for row in rows
    ]
    headers = [f"{label} at", "audio", *(table.names[system] for system in systems)]
    return tabulate(cells, headers=headers, stralign="right", tablefmt=tablefmt)


def _cell(row: Standing, system: int) -> str:
    if system == row.best:
        return f"best: {100 * row.rate:.1f} %"
    difference = row.differences.get(system)
    return "" if difference is None else difference_cell(difference)
