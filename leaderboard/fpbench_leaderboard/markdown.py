"""The leaderboard as Markdown, which can be read as text, too."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from fpbench.results.names import rate_in_brackets
from fpbench.review.markdown_texts import escape_markdown
from fpbench.review.measured_gaps import FARTHEST
from fpbench.units import count_label, short_hours, short_size
from fpbench_leaderboard.board import (
    MAINTAINERS_ALONE,
    Board,
    Links,
    Ranking,
    Rate,
    RealGap,
    Row,
    Section,
    SideTable,
)
from fpbench_leaderboard.columns import WIDTH, Column, markdown_tables
from fpbench_leaderboard.entries import link_address

TITLE = "# Leaderboard"

SHOWN_SIZES = (10**4, 10**6, 10**8)
"""Sizes that a ranking shows as far as they are known, besides the one that it ranks at."""

NOT_SEARCHED = {"searched": "", "simulated": " ◇", "extrapolated": " △"}
"""Marks of points that were not searched."""

RANKS = """\
Each system has one row, with its best configuration. Systems share a rank unless a paired test,
Holm-corrected, tells neighbours apart, where the evidence of both is at hand, or their intervals do
not overlap.
"""

REJECTS = """\
Rejects at 1 % accepts: queries that a threshold wrongly rejects, where it wrongly accepts 1 % of
the queries whose recording is not in the database.
"""

REAL_TIME = "Real time: seconds of audio that the submitter's machine fingerprints in a second. "

_NO_RANK = "–"  # noqa: RUF001 - a dash


def board_markdown(board: Board, folder: Path | None = None) -> str:
    """The whole leaderboard.

    Args:
        folder: Folder of the file that the text is for, which links start from; None for the
            current folder.

    Returns:
        Markdown that ends in a newline.
    """
    return f"{TITLE}\n\n{board_body(board, folder)}"


def board_body(board: Board, folder: Path | None = None) -> str:
    """The leaderboard without its title, for a page that has one."""
    source = f"Made by `fpbench leaderboard` from {escape_markdown(board.source)}.\n"
    if not board.sections:
        return f"{source}\nNo result has what is asked for.\n"
    links = _References(folder)
    parts = [source, _legend(board)]
    tasks = [section for section in board.sections if section.task is not None]
    free = [section for section in board.sections if section.task is None]
    titles = Counter(map(_title, board.sections))
    parts += [_section(section, links, "##", titles) for section in tasks]
    if free:
        parts.append("## Free runs\n")
        parts.append(
            "Runs of no task, by audio and queries. Their numbers cannot be compared with others.\n"
        )
        parts += [_section(section, links, "###", titles) for section in free]
    return "\n".join([*parts, *links.lines()])


def _legend(board: Board) -> str:
    """How to read what is shown."""
    rankings = [ranking for section in board.sections for ranking in section.rankings]
    shown = {
        rate.found
        for ranking in rankings
        for row in ranking.rows
        for rate in row.rates
        if _is_shown(rate.n_distractors, ranking)
    }
    marks = [f"{NOT_SEARCHED[found].strip()} {found}" for found in sorted(shown - {"searched"})]
    text = "Hit rates by number of distractors, in percent with 95 % intervals"
    text += f"; {', '.join(marks)}, not searched. " if marks else ". "
    text += RANKS
    if any(_rejects(row, ranking.n_distractors) for ranking in rankings for row in ranking.rows):
        text += REJECTS
    if any(row.times_real_time is not None for ranking in rankings for row in ranking.rows):
        text += REAL_TIME
    return textwrap.fill(text, WIDTH) + "\n"


def _is_shown(n_distractors: int, ranking: Ranking) -> bool:
    return n_distractors in (*SHOWN_SIZES, ranking.n_distractors)


class _References:
    """Links to files, whose addresses stand at the end of the text and make no table wide."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._numbers: dict[str, int] = {}

    def cell(self, links: Links) -> str:
        """Links to the files of a result."""
        named = [("result", links.result), ("config", links.config)]
        named += [("evidence", file) for file in links.evidence]
        return " ".join(f"[{name}][{self._number(path)}]" for name, path in named if path)

    def _number(self, path: str) -> int:
        return self._numbers.setdefault(path, len(self._numbers) + 1)

    def lines(self) -> list[str]:
        """The addresses."""
        if not self._numbers:
            return []
        addresses = {n: link_address(path, self._folder) for path, n in self._numbers.items()}
        return [*(f"[{number}]: {address}" for number, address in addresses.items()), ""]


def _section(section: Section, links: _References, heading: str, titles: Mapping[str, int]) -> str:
    """A section, whose title no other one has."""
    title = _title(section)
    if titles[title] > 1:
        title += f", data {_hash(section.content)}"
    data = f"Data {_hash(section.content)}"
    note = f"{data}; intervals over {section.clusters}."
    if section.task is not None:
        note = f"{_question(section)}; intervals over {section.clusters}.\n"
        note += f"{data}, task {_hash(section.task_content or '')}."
    if section.is_of_maintainers:
        note += f"\n{MAINTAINERS_ALONE}"
    parts = [f"{heading} {title}", note]
    for ranking in section.rankings:
        parts += _ranking(ranking, f"{heading}#")
    parts += ["Systems:", *_systems(section.rankings, links)]
    return "\n\n".join(parts) + "\n"


def _title(section: Section) -> str:
    return _question(section) if section.task is None else escape_markdown(section.task)


def _question(section: Section) -> str:
    queries = count_label(section.queries, "query", "queries")
    return f"{escape_markdown(section.data)}, {queries} of {section.query_length_s:g} s"


def _hash(text: str) -> str:
    """The start of a hash as code; what is none, as text."""
    return f"`{text[:12]}`" if text.isalnum() else escape_markdown(text)


def _ranking(ranking: Ranking, heading: str) -> Iterator[str]:
    where = (
        "in the right track" if ranking.tolerance_s is None else f"within {ranking.tolerance_s:g} s"
    )
    yield f"{heading} {ranking.metric.upper()} {where}"
    yield _how_ranked(ranking)
    rows = ranking.rows
    first = [
        Column("rank", [_NO_RANK if row.rank is None else str(row.rank) for row in rows]),
        Column("system", [_name(row) for row in rows]),
    ]
    sizes = [n for n in ranking.sizes if _is_shown(n, ranking)]
    others = [Column(f"{short_size(n)}", [_rate_cell(row.at(n)) for row in rows]) for n in sizes]
    yield from markdown_tables(first, [*others, *_beyond_columns(ranking)])
    yield from _marks(rows)
    if ranking.search.distractors == "synthetic" and not any(
        t.kind == "real" for t in ranking.tables
    ):
        yield "No system was measured with real distractors: all rates are by the generator."
    for table in ranking.tables:
        yield from _side_table(table)


def _how_ranked(ranking: Ranking) -> str:
    search = ranking.search
    label = f"{escape_markdown(search.index)} search, {search.distractors} distractors"
    if search.generator is not None:
        label += f" ({escape_markdown(search.generator)})"
    neighbours = sum(row.rank is not None for row in ranking.rows) - 1
    if neighbours < 1:
        return f"{label}; at {short_size(ranking.n_distractors)}."
    how = "by intervals"
    if ranking.paired:
        how = "by paired tests"
        if ranking.paired < neighbours:
            how += f" of {ranking.paired} of {neighbours} neighbours, else by intervals"
    return f"{label}; ranked at {short_size(ranking.n_distractors)}, {how}."


def _beyond_columns(ranking: Ranking) -> Iterator[Column]:
    """What follows from several sizes, or from decisions, and what the size means in audio."""
    rows = ranking.rows
    at = [row.at(ranking.n_distractors) for row in rows]
    yield Column(
        f"audio at {short_size(ranking.n_distractors)}",
        ["" if rate is None else short_hours(rate.hours) for rate in at],
    )
    yield Column(
        "lost, 1 M to 100 M",
        ["" if row.loss is None else f"{100 * row.loss:.0f} %" for row in rows],
    )
    start = next((row.half.start for row in rows if row.half is not None), 0)
    yield Column(
        f"half of {short_size(start)} is left at",
        ["" if row.half is None else row.half.label for row in rows],
    )
    found = [_rejects(row, ranking.n_distractors) for row in rows]
    yield Column("rejects at 1 % accepts", found)


def _rejects(row: Row, n_distractors: int) -> str:
    at = next((d for d in row.decisions if d.n_distractors == n_distractors), None)
    if at is None or at.false_rejects is None:
        return ""
    low, high = at.false_rejects_low, at.false_rejects_high
    if low is None or high is None:
        return rate_in_brackets(at.false_rejects, 0, 1)
    return rate_in_brackets(at.false_rejects, low, high)


def _marks(rows: Iterable[Row]) -> Iterator[str]:
    """What a reader must know of the systems."""
    lines = [
        f"{escape_markdown(row.system)}: {', '.join(map(escape_markdown, row.marks))}"
        for row in rows
        if row.marks
    ]
    if lines:
        yield "† " + "; ".join(lines) + "."


def _name(row: Row) -> str:
    return escape_markdown(row.system) + (" †" if row.marks else "")


def _rate_cell(rate: Rate | None) -> str:
    if rate is None:
        return ""
    low, high = (0.0, 1.0) if rate.low is None or rate.high is None else (rate.low, rate.high)
    return rate_in_brackets(rate.value, low, high) + NOT_SEARCHED[rate.found]


def _side_table(table: SideTable) -> Iterator[str]:
    names = [Column("system", [escape_markdown(row.system) for row in table.rows])]
    columns = [
        Column(escape_markdown(name), [_rate_cell(row.rates[place]) for row in table.rows])
        for place, name in enumerate(table.columns)
    ]
    if table.kind == "real":
        yield _about_real(table)
        at = [next((rate for rate in row.rates if rate is not None), None) for row in table.rows]
        columns = [
            Column(
                "distractors", ["" if one is None else short_size(one.n_distractors) for one in at]
            ),
            Column("of", [row.tracks for row in table.rows]),
            *columns,
            Column("gap", [_gap_cell(row.gap) for row in table.rows]),
        ]
    else:
        size = short_size(table.n_distractors or 0)
        kind = "Generators" if table.kind == "generators" else "Indexes"
        stars = any(one.on_front for row in table.rows for one in row.costs if one is not None)
        front = "; * no other one is as good, as fast and as small" if stars else ""
        yield f"{kind} at {size}, not ranked{front}:"
        columns += _cost_columns(table)
    yield from markdown_tables(names, columns)


def _cost_columns(table: SideTable) -> Iterator[Column]:
    """Size and time of each index, as far as they are known."""
    for place, name in enumerate(map(escape_markdown, table.columns)):
        costs = [row.costs[place] if row.costs else None for row in table.rows]
        sizes = [None if one is None else one.bytes_per_hour for one in costs]
        cells = ["" if size is None else _number(size / 1e6) for size in sizes]
        yield Column(f"{name}: MB per hour", cells)
        yield Column(
            f"{name}: ms per query",
            [
                "" if one is None else _number(one.ms_per_query) + " *" * one.on_front
                for one in costs
            ],
        )


def _about_real(table: SideTable) -> str:
    """How to read the gaps, and from where on there are none."""
    sizes = [rate.n_distractors for row in table.rows for rate in row.rates if rate is not None]
    limit = short_size(FARTHEST * max(sizes))
    return textwrap.fill(
        "Real distractors, and as many synthetic ones. Gap: synthetic minus real, in points, ± "
        f"half of a 95 % interval; above 0, synthetic ones are too easy. Above {limit}, ten times "
        "the most real ones, rates are by the generator alone:",
        WIDTH,
    )


def _gap_cell(gap: RealGap | None) -> str:
    if gap is None:
        return ""
    error = "" if gap.error is None else f" ± {100 * gap.error:.1f}"
    return f"{100 * gap.value:+.1f}{error}" + (
        " at " + short_size(gap.n_distractors) if gap.held_out else ""
    )


def _systems(rankings: Sequence[Ranking], links: _References) -> list[str]:
    """What the rankings have in common: each configuration once."""
    rows = {
        (row.system, row.configuration, row.links.result): row for r in rankings for row in r.rows
    }
    shown = list(rows.values())
    names = [Column("system", [escape_markdown(row.system) for row in shown])]
    columns = [
        Column("configuration", [escape_markdown(row.configuration) for row in shown]),
        Column("× real time", [_number(row.times_real_time) for row in shown]),  # noqa: RUF001
        Column("MB per hour", [_number(row.bytes_per_hour / 1e6) for row in shown]),
        Column("tier", [row.tier for row in shown]),
        Column("licence", [escape_markdown(row.licence or "") for row in shown]),
        Column("files", [links.cell(row.links) for row in shown]),
    ]
    return markdown_tables(names, columns)


def _number(value: float | None) -> str:
    """Three digits, or all before the point."""
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
