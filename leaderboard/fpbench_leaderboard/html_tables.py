"""Tables of the HTML board: rankings, which the script sorts and filters, and small ones beside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fpbench.results.names import metric_label
from fpbench.units import short_size
from fpbench_leaderboard.board import TIERS, Ranking, Rate, Row, SideRow, SideTable
from fpbench_leaderboard.html_elements import Element, element, join, name_of_stranger
from fpbench_leaderboard.markdown import NOT_SEARCHED, SHOWN_SIZES

UNKNOWN = "–"  # noqa: RUF001 - an empty cell, as in print
_LARGEST = 1e300  # sorts what is unknown last


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a ranking.

    Args:
        name: Its name in the address of a view.
        heading: What stands above it.
        explanation: What a reader sees who points at the heading.
        cell: What stands in a row.
        order: What a row is sorted by; None if that is unknown, which is sorted last.
        descending: Whether large values are the better ones.
        class_: Class of its cells, for the style.
    """

    name: str
    heading: str
    explanation: str
    cell: Callable[[Row], str | None]
    order: Callable[[Row], float | str | None]
    descending: bool = False
    class_: str = ""


def ranking_table(ranking: Ranking, panels: Sequence[str]) -> Element:
    """The table of a ranking.

    Args:
        ranking: Its rows are in the order of their ranks.
        panels: For each row, the id of the panel with its details.
    """
    columns = _columns(ranking)
    rows = [
        element(
            "tr",
            *(_cell(column, row, panel) for column in columns),
            data_place=place,
        )
        for place, (row, panel) in enumerate(zip(ranking.rows, panels, strict=True))
    ]
    head = element("thead", element("tr", *map(_heading, columns)))
    caption = element("caption", metric_label(ranking.metric, ranking.tolerance_s), class_="unseen")
    table = element("table", caption, head, element("tbody", *rows), class_="board")
    return join(
        element("div", table, class_="wide", role="region", tabindex=0, aria_label="Ranking"),
        _explanations(columns),
    )


def side_table(table: SideTable) -> Element:
    """Rates that are compared and not ranked."""
    title, note = _SIDE_TITLES[table.kind]
    if table.n_distractors is not None:
        title += f", {short_size(table.n_distractors)} distractors"
    more = ["tracks", "gap, points"] if table.kind == "real" else []
    head = [element("th", each, scope="col") for each in ["system", *table.columns, *more]]
    rows = [
        element(
            "tr",
            element("th", name_of_stranger(row.system), scope="row"),
            *(element("td", UNKNOWN if rate is None else _rate(rate)) for rate in row.rates),
            *([element("td", row.tracks or UNKNOWN), element("td", _gap(row))] if more else ()),
        )
        for row in table.rows
    ]
    body = element("table", element("thead", element("tr", *head)), element("tbody", *rows))
    return element(
        "section",
        element("h3", title),
        element("p", note, class_="note"),
        element("div", body, class_="wide", role="region", tabindex=0, aria_label=title),
        class_="side card",
    )


_SIDE_TITLES = {
    "real": ("Real distractors", "At all real distractors there are, beside as many synthetic."),
    "generators": ("Generators", "The same queries among distractors of several generators."),
    "indexes": ("Indexes", "The same queries and distractors, searched by several indexes."),
}


def _columns(ranking: Ranking) -> list[Column]:
    at = ranking.n_distractors
    label = metric_label(ranking.metric, ranking.tolerance_s).split()[0]
    sizes = [n for n in ranking.sizes if n in SHOWN_SIZES or n == at]
    places = {id(row): place for place, row in enumerate(ranking.rows)}
    return [
        Column(
            name="rank",
            heading="rank",
            explanation="Systems share a rank where a paired test, or their intervals, do not tell "
            "them apart.",
            cell=lambda row: UNKNOWN if row.rank is None else str(row.rank),
            class_="rank",
            order=lambda row: places[id(row)],
        ),
        Column(
            name="system",
            heading="system",
            explanation="With its best configuration.",
            cell=lambda row: None,
            order=lambda row: row.system.casefold(),
        ),
        *(_rate_column(n, label, ranked=n == at) for n in sizes),
        *(each for each in _MORE if any(each.cell(row) != UNKNOWN for row in ranking.rows)),
    ]


def _rate_column(n_distractors: int, label: str, *, ranked: bool) -> Column:
    def cell(row: Row) -> str | None:
        rate = row.at(n_distractors)
        if rate is None:
            return UNKNOWN
        return join(_rate(rate), _strip(rate) if ranked else None)

    def order(row: Row) -> float | None:
        rate = row.at(n_distractors)
        return None if rate is None else rate.value

    return Column(
        name=f"at-{n_distractors}",
        heading=join(f"{label} at ", _unbroken(short_size(n_distractors))),
        explanation="Percent, with its 95 % interval.",
        cell=cell,
        order=order,
        descending=True,
        class_="ranked" if ranked else "other",
    )


def _one_percent(row: Row) -> tuple[float, str] | None:
    """False rejects at 1 % of false accepts, at the largest size that they are known at."""
    known = [
        (each.n_distractors, each.false_rejects)
        for each in row.decisions
        if each.false_rejects is not None
    ]
    if not known:
        return None
    size, rejects = max(known)
    return rejects, short_size(size)


def _unbroken(text: str) -> Element:
    return element("span", text, class_="unbroken")


_MORE = (
    Column(
        name="loss",
        heading=join("lost, ", _unbroken("1 M"), " to ", _unbroken("100 M")),
        explanation="Share of the rate at a million distractors that is lost at a hundred million.",
        cell=lambda row: UNKNOWN if row.loss is None else f"{100 * row.loss:.0f} %",
        order=lambda row: row.loss,
    ),
    Column(
        name="half",
        heading="half of it at",
        explanation="Number of distractors at which half of HR@1 is left.",
        cell=lambda row: row.half.label if row.half else UNKNOWN,
        order=lambda row: (row.half.size or _LARGEST / 10) if row.half else None,
        descending=True,
    ),
    Column(
        name="rejects",
        heading="false rejects",
        explanation="At 1 % of false accepts, percent, at the largest size that they are known at.",
        cell=lambda row: f"{100 * f[0]:.1f} at {f[1]}" if (f := _one_percent(row)) else UNKNOWN,
        order=lambda row: f[0] if (f := _one_percent(row)) else None,
    ),
    Column(
        name="speed",
        heading="× real time",  # noqa: RUF001 - times
        explanation="Seconds of audio that are fingerprinted in a second.",
        cell=lambda row: f"{t:,.0f}".replace(",", " ") if (t := row.times_real_time) else UNKNOWN,
        order=lambda row: row.times_real_time,
        descending=True,
    ),
    Column(
        name="bytes",
        heading="kB per hour",
        explanation="Fingerprints of an hour of audio.",
        cell=lambda row: (
            f"{b / 1000:,.0f}".replace(",", " ") if (b := row.bytes_per_hour) else UNKNOWN
        ),
        order=lambda row: row.bytes_per_hour,
    ),
    Column(
        name="tier",
        heading="checked",
        explanation="How much of the result others have checked: self-reported, recomputed from "
        "its evidence, or reproduced by somebody else.",
        cell=lambda row: element("span", row.tier, class_=f"pill {row.tier}"),
        order=lambda row: TIERS.index(row.tier),
        descending=True,
    ),
    Column(
        name="licence",
        heading="licence",
        explanation="Licence of the weights.",
        cell=lambda row: name_of_stranger(row.licence) if row.licence else UNKNOWN,
        order=lambda row: (row.licence or "~").casefold(),
    ),
)


def _explanations(columns: Sequence[Column]) -> Element:
    """What the columns mean, for those who cannot point at a heading."""
    terms = [
        join(element("dt", column.heading), element("dd", column.explanation)) for column in columns
    ]
    summary = element("summary", "What the columns mean")
    return element("details", summary, element("dl", *terms), class_="meaning")


def _heading(column: Column) -> Element:
    return element(
        "th",
        column.heading,
        scope="col",
        title=column.explanation,
        data_name=column.name,
        data_order_sequence='["desc","asc"]' if column.descending else '["asc","desc"]',
        class_=column.class_ or None,
    )


def _cell(column: Column, row: Row, panel: str) -> Element:
    order = column.order(row)
    if order is None:
        order = -1 if column.descending else _LARGEST
    if column.name == "system":
        return element("th", _system(row, panel), scope="row", data_order=order)
    return element("td", column.cell(row), data_order=order, class_=column.class_ or None)


def _system(row: Row, panel: str) -> Element:
    marks = [element("span", mark, class_="mark") for mark in row.marks]
    return join(
        element("a", name_of_stranger(row.system), href=f"#{panel}"),
        element("span", name_of_stranger(row.configuration), class_="configuration"),
        *marks,
    )


def _rate(rate: Rate) -> Element:
    interval = "" if rate.low is None or rate.high is None else _range(rate.low, rate.high)
    value = f"{100 * rate.value:.1f}{NOT_SEARCHED[rate.found]} "
    return join(value, element("span", interval, class_="interval"))


def _range(low: float, high: float) -> str:
    return f"({100 * low:.1f}–{100 * high:.1f})"  # noqa: RUF001 - a range's dash


def _strip(rate: Rate) -> Element:
    """The interval on a scale from 0 to 100 %, as a picture."""
    low = rate.value if rate.low is None else rate.low
    high = rate.value if rate.high is None else rate.high
    return element(
        "svg",
        element("rect", x=0, y=5, width=100, height=2, class_="scale"),
        element("rect", x=_tenth(low), y=3, width=_tenth(high - low), height=6, class_="band"),
        element("rect", x=_tenth(rate.value) - 0.75, y=1, width=1.5, height=10, class_="value"),
        class_="strip",
        viewBox="0 0 100 12",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def _tenth(rate: float) -> float:
    return round(100 * rate, 1)


def _gap(row: SideRow) -> str:
    """By how many points synthetic distractors give more than real ones."""
    if row.gap is None:
        return UNKNOWN
    error = "" if row.gap.error is None else f" ± {100 * row.gap.error:.1f}"
    at = f" at {short_size(row.gap.n_distractors)}"
    return f"{round(100 * row.gap.value, 1) + 0.0:+.1f}{error}{at}"
