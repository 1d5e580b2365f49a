"""Comparisons of two results as tables: text, HTML and records."""

from collections.abc import Iterable, Sequence
from html import escape

from tabulate import tabulate

from fpbench.results.names import metric_label
from fpbench.review.comparison import Comparison, Difference
from fpbench.units import short_hours, short_size


class Comparisons(tuple[Comparison, ...]):
    """Comparisons of two results, one for each common index and kind of distractors.

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

    def records(self) -> list[dict[str, str | int | float | bool | None]]:
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
                "clear": d.clear,
            }
            for one in self
            for d in one.differences
        ]

    def __repr__(self) -> str:
        tables = [f"{_heading(one)}\n{_table(one, 'simple')}" for one in self]
        return "\n\n".join([*tables, self._note()])

    def _repr_html_(self) -> str:
        tables = [f"<p><b>{escape(_heading(one))}</b></p>{_table(one, 'html')}" for one in self]
        return "".join([*tables, f"<p>{escape(self._note())}</p>"])

    def _note(self) -> str:
        queries = self[0].queries
        note = f"{queries.n} queries of {queries.length_s:g} s from {queries.tracks} tracks"
        note += f"; points, with {100 * self.level:g} % intervals (paired, bootstrap over tracks)"
        return f"{note}; * one is better"


def _heading(comparison: Comparison) -> str:
    heading = " minus ".join(comparison.names)
    heading += f"; {comparison.index}, {comparison.distractors} distractors"
    if comparison.generator is not None:
        heading += f" ({comparison.generator})"
    return heading


def _table(comparison: Comparison, tablefmt: str) -> str:
    differences = comparison.differences
    measures = list(dict.fromkeys((d.metric, d.tolerance_s) for d in differences))
    measures.sort(key=lambda m: m[1] is None)
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
    return f"{'* ' if difference.clear else ''}{value:+.1f} ({low:+.1f} to {high:+.1f})"
