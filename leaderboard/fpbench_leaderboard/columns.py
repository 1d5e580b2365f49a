"""Markdown tables that are no wider than a page: columns that do not fit go into a table below."""

from collections.abc import Sequence
from dataclasses import dataclass

from tabulate import tabulate

WIDTH = 120
"""Longest line of a table, in characters."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its head, and a cell for each row."""

    head: str
    cells: Sequence[str]

    @property
    def is_empty(self) -> bool:
        """Whether no row has anything in it."""
        return not any(self.cells)


def markdown_tables(first: Sequence[Column], others: Sequence[Column]) -> list[str]:
    """One table, or several of at most :data:`WIDTH` characters.

    Args:
        first: Columns that the first table begins with; those below begin with the last of them,
            and leave out rows that have nothing to show.
        others: Columns that follow, as far as any row has something in them.
    """
    left = [column for column in others if not column.is_empty]
    tables: list[str] = []
    heads = list(first)
    while left or not tables:
        shown = min(1, len(left))
        while shown < len(left) and _width([*heads, *left[: shown + 1]]) <= WIDTH:
            shown += 1
        tables.append(_table([*heads, *left[:shown]]))
        left = left[shown:]
        heads, left = _filled([first[-1], *left])
    return tables


def _filled(columns: Sequence[Column]) -> tuple[list[Column], list[Column]]:
    """The first column and the others, without rows in which the others have nothing."""
    rows = [row for row in zip(*(column.cells for column in columns), strict=True) if any(row[1:])]
    kept = [
        Column(column.head, [row[place] for row in rows]) for place, column in enumerate(columns)
    ]
    return kept[:1], kept[1:]


def _width(columns: Sequence[Column]) -> int:
    return max(map(len, _table(columns).splitlines()))


def _table(columns: Sequence[Column]) -> str:
    rows = list(zip(*(column.cells for column in columns), strict=True))
    return tabulate(
        rows,
        headers=[column.head for column in columns],
        tablefmt="github",
        disable_numparse=True,
    )
