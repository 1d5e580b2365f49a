"""Comparisons of results as tables: text, HTML, LaTeX, CSV, JSON and records."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Literal

from fpbench.errors import ErrorCollector, FpbenchError
from fpbench.files import write_output
from fpbench.review.best_system import ChosenPoint, Standings, standings_against_best
from fpbench.review.best_system_tables import (
    standings_heading,
    standings_tables,
    standings_text_tables,
)
from fpbench.review.comparison import Comparison, compare_results
from fpbench.review.comparison_cells import WIDTH
from fpbench.review.comparison_notes import comparison_notes
from fpbench.review.differences import Difference
from fpbench.review.false_reject_tables import false_reject_headings, false_reject_table
from fpbench.review.flat_records import records_csv
from fpbench.review.flipped_queries import flipped_records
from fpbench.review.pair_tables import (
    list_measures,
    pair_heading,
    pair_table,
    pair_text_tables,
)
from fpbench.tables import show_lines

FORMATS = ("table", "csv", "latex", "json")

Pairs = Literal["best", "all", "first"]
"""Which differences are shown: against the best of each row, all, or those of the first result."""

Record = dict[str, str | int | float | bool | None]


class Comparisons(tuple[Comparison, ...]):
    """Comparisons of results: one for each pair, index, kind of distractors and length of
    queries in common.

    They are shown as tables, in text and in notebooks: of all pairs, or of all systems against the
    best of them.
    """

    level: float
    """Confidence level of the intervals."""

    standings: Sequence[Standings]
    """The systems against the best of them; empty if all pairs are shown."""

    def __new__(
        cls,
        comparisons: Iterable[Comparison],
        level: float,
        standings: Sequence[Standings] = (),
    ) -> "Comparisons":
        """Create the tuple.

        Args:
            comparisons: At least one comparison.
            level: Confidence level of their intervals.
            standings: Shown instead of the pairs, if there are any.
        """
        new = super().__new__(cls, comparisons)
        new.level, new.standings = level, standings
        return new

    @property
    def tests(self) -> int:
        """Number of differences that were looked at, which p-values are corrected for."""
        return sum(len(one.differences) for one in self)

    def records(self) -> list[Record]:
        """One flat dictionary for each difference that is shown, for pandas, polars and csv.

        Against the best of several systems, ``first`` is the best one.

        Returns:
            Dictionaries with the same keys. Differences and their intervals are from -1 to 1, and
            an interval over this whole range says that there are too few groups for one.
            ``groups`` is their number, or that of tracks; ``tests`` that of all differences which
            p-values are corrected for. The metric ``frr@far=0.01`` is false rejects at 1 % of false
            accepts, of all pairs; it has no p-value.
        """
        return [*self._hit_rate_records(), *self._false_reject_records()]

    def _hit_rate_records(self) -> list[Record]:
        return [
            {
                "first": names[0],
                "second": names[1],
                "index": shown.index,
                "distractors": shown.distractors,
                "query_length_s": shown.queries.length_s,
                "generator": shown.generator,
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
                "groups": shown.queries.groups or shown.queries.tracks,
                "tests": self.tests,
            }
            for shown, names, d in self._shown()
        ]

    def _false_reject_records(self) -> list[Record]:
        return [
            {
                "first": one.names[0],
                "second": one.names[1],
                "index": one.index,
                "distractors": one.distractors,
                "query_length_s": one.queries.length_s,
                "generator": one.generator,
                "metric": f"frr@far={d.false_accepts:g}",
                "tolerance_s": d.tolerance_s,
                "n_distractors_first": d.n_distractors[0],
                "n_distractors_second": d.n_distractors[1],
                "difference": d.value,
                "ci_low": d.low,
                "ci_high": d.high,
                "ci_level": self.level,
                "p_value": None,
                "clear": None,
                "groups": one.queries.groups or one.queries.tracks,
                "tests": self.tests,
            }
            for one in self
            for d in one.false_rejects
        ]

    def _false_reject_tables(self, tablefmt: str) -> Iterator[tuple[str, str]]:
        """Heading and text; against the best of several systems, only of the largest size."""
        largest = bool(self.standings)
        for heading, shown in false_reject_headings(self, largest=largest):
            yield heading, false_reject_table(shown, tablefmt, largest=largest)

    def _shown(self) -> Iterator[tuple[Comparison | Standings, Sequence[str], Difference]]:
        """The differences in the tables, with the names of both systems."""
        if not self.standings:
            yield from ((one, one.names, d) for one in self for d in one.differences)
        for table in self.standings:
            for row in table.rows:
                for place, difference in row.differences.items():
                    names = table.names[row.best], table.names[place]
                    yield table, names, difference.reverse()

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
                "query_length_s": one.queries.length_s,
                "generator": one.generator,
                **record,
            }
            for one in self
            for record in flipped_records(one.ranks, one.columns)
        ]

    def write_flipped_queries(self, path: Path) -> None:
        """Write :meth:`flipped_queries` to a CSV file."""
        text = records_csv(self.flipped_queries(), _FLIPPED) + "\n"
        write_output(path, text.encode())

    def format(self, form: str) -> str:
        """The comparisons as text in one of :data:`FORMATS`, without a newline at the end."""
        if form == "json":
            return json.dumps(self.records(), indent=2, ensure_ascii=False)
        if form == "csv":
            return records_csv(self.records())
        if form == "latex":
            return "\n\n".join([*self._latex_tables(), _latex_comment(self._notes())])
        return repr(self)

    def _latex_tables(self) -> Iterator[str]:
        for table in self.standings:
            yield _latex_comment([standings_heading(table)])
            yield from map(_latex, standings_tables(table, "latex_booktabs"))
        for one in () if self.standings else self:
            text = pair_table(one, list_measures(one), "latex_booktabs")
            yield f"{_latex_comment([pair_heading(one)])}\n{_latex(text)}"
        for heading, text in self._false_reject_tables("latex_booktabs"):
            yield f"{_latex_comment([heading])}\n{_latex(text)}"

    def __repr__(self) -> str:
        parts = [
            f"{_wrap(standings_heading(table))}\n\n{standings_text_tables(table)}"
            for table in self.standings
        ] or [f"{_wrap(pair_heading(one))}\n{pair_text_tables(one)}" for one in self]
        tables = self._false_reject_tables("simple")
        parts += [f"{_wrap(heading)}\n{text}" for heading, text in tables]
        return show_lines("\n\n".join([*parts, *map(_wrap, self._notes())]))

    def _repr_html_(self) -> str:
        tables = [
            f"<p><b>{escape(standings_heading(table))}</b></p>"
            + "".join(standings_tables(table, "html"))
            for table in self.standings
        ] or [
            f"<p><b>{escape(pair_heading(one))}</b></p>"
            + pair_table(one, list_measures(one), "html")
            for one in self
        ]
        tables += [
            f"<p><b>{escape(heading)}</b></p>{text}"
            for heading, text in self._false_reject_tables("html")
        ]
        return "".join([*tables, *(f"<p>{escape(note)}</p>" for note in self._notes())])

    def _notes(self) -> list[str]:
        return comparison_notes(
            self,
            self.level,
            shown=sum(1 for _ in self._shown()),
            tests=self.tests,
            against_best=bool(self.standings),
        )


def make_comparisons(
    paths: Sequence[Path],
    level: float,
    *,
    pairs: Pairs = "best",
    best_at: str | None = None,
    errors: ErrorCollector | None = None,
) -> Comparisons:
    """Compare results, and choose what of it is shown.

    Args:
        paths: At least two results.
        level: Confidence level of the intervals.
        pairs: ``best`` compares all systems, and shows each against the best; ``all`` shows all
            pairs, as ``best`` does for two results; ``first`` compares only the first with each of
            the others.
        best_at: The point at which to choose the best system, such as ``hr@1,1M,track``; None
            chooses it anew at each size and metric.
        errors: As for :func:`fpbench.review.comparison.compare_results`.

    Raises:
        FpbenchError: As there, or there is no such point.
    """
    if best_at is not None and pairs != "best":
        raise FpbenchError(
            f"with pairs '{pairs}' no best system is chosen at '{best_at}'",
            hint="leave out one of the two",
        )
    chosen = None if best_at is None else ChosenPoint.parse(best_at)
    found = compare_results(paths, level, against_first=pairs == "first", errors=errors)
    several = len({place for one in found for place in one.places}) > 2
    shown = pairs == "best" and (several or chosen is not None)
    return Comparisons(found, level, standings_against_best(found, chosen) if shown else ())


def _wrap(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_on_hyphens=False)


_FLIPPED = (
    *("first", "second", "index", "distractors", "query_length_s"),
    *("query", "rank_first", "rank_second"),
)
"""Columns of an empty table of queries."""


def _latex(table: str) -> str:
    return table.replace("±", r"$\pm$")


def _latex_comment(lines: Iterable[str]) -> str:
    return "\n".join(f"% {line}" for line in lines)
