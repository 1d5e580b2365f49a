"""The leaderboard as one HTML file that requests nothing."""

import hashlib
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from fpbench.results.names import metric_label
from fpbench.units import count_label, short_hours, short_size
from fpbench_leaderboard.board import MAINTAINERS_ALONE, Board, Ranking, Section
from fpbench_leaderboard.html_data import page_data
from fpbench_leaderboard.html_elements import Element, element, join, name_of_stranger
from fpbench_leaderboard.html_panels import panel
from fpbench_leaderboard.html_tables import ranking_table, side_table

_PACKAGE = files("fpbench_leaderboard")


@dataclass(frozen=True, slots=True)
class _Part:
    """A section of the board, with names for addresses: of its rankings and their panels.

    Args:
        about: What tells it from sections of the same task or data.
    """

    section: Section
    about: str
    rankings: Sequence[tuple[str, Ranking]]
    panels: dict[int, str]


def board_html(board: Board, folder: Path | None = None) -> str:
    """A page that can be read without its script. Browsers run and apply nothing else in it.

    Args:
        folder: Folder of the page, which links start from; None for the current folder.
    """
    parts = _parts(board)
    rankings = [(name, part.section, each) for part in parts for name, each in part.rankings]
    names = [name for name, _, _ in rankings]
    script, style = (_read(f"assets/board.{ending}") for ending in ("js", "css"))
    return Template(_read("frame.html")).substitute(
        policy=_policy(script, style),
        style=style,
        source=join(f"Made from {board.source}."),
        navigation=element("ul", *(_navigation(part, names) for part in parts)),
        sections=join(*(_section(part, names, folder) for part in parts)),
        data=page_data(rankings),
        script=script,
    )


def _read(name: str) -> str:
    return (_PACKAGE / name).read_text(encoding="utf-8")


def _policy(script: str, style: str) -> str:
    """Nothing is loaded, and only this script and this style apply."""
    parts = {"default-src": "'none'", "script-src": _source(script), "style-src": _source(style)}
    parts |= {"base-uri": "'none'", "form-action": "'none'"}
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def _source(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _parts(board: Board) -> list[_Part]:
    parts, names = [], Counter[str]()
    titles = Counter((each.task or each.data, _queries(each)) for each in board.sections)
    for number, section in enumerate(board.sections, start=1):
        # Addresses hold while other results come and go. Few sections have the same name.
        name = (
            f"{section.task or section.content[:8]}/{section.queries}x{section.query_length_s:g}s"
        )
        names[name] += 1
        start = name if names[name] == 1 else f"{name}/{names[name]}"
        rankings = [(f"{start}/{_measure(each)}", each) for each in section.rankings]
        results = {id(row.result): None for each in section.rankings for row in each.rows}
        panels = {result: f"system-{number}-{place}" for place, result in enumerate(results)}
        about = _queries(section)
        if titles[section.task or section.data, about] > 1:
            about += f", data {section.content[:8]}"
        parts.append(_Part(section, about, rankings, panels))
    return parts


def _measure(ranking: Ranking) -> str:
    tolerance = "track" if ranking.tolerance_s is None else f"{ranking.tolerance_s:g}s"
    return f"{ranking.metric}/{tolerance}"


def _title(section: Section) -> Element:
    return name_of_stranger(section.task or section.data)


def _queries(section: Section) -> str:
    count = count_label(section.queries, "query", "queries")
    return f"{count} of {section.query_length_s:g} s"


def _navigation(part: _Part, names: Sequence[str]) -> Element:
    links = [
        element(
            "a",
            metric_label(each.metric, each.tolerance_s),
            href=f"#ranking-{names.index(name)}",
        )
        for name, each in part.rankings
    ]
    title = element("span", _title(part.section), element("small", part.about))
    return element("li", title, element("span", *links))


def _section(part: _Part, names: Sequence[str], folder: Path | None) -> Element:
    rows = {id(row.result): row for _, each in part.rankings for row in each.rows}
    panels = [panel(rows[result], name, folder) for result, name in part.panels.items()]
    return element(
        "section",
        *(_ranking(part, each, names.index(name)) for name, each in part.rankings),
        element("section", element("h2", "Systems"), *panels, class_="panels"),
        class_="part",
    )


def _ranking(part: _Part, ranking: Ranking, place: int) -> Element:
    section = part.section
    kind = "Task " if section.task else "Free runs on "
    label = metric_label(ranking.metric, ranking.tolerance_s)
    return element(
        "article",
        element("h2", kind, _title(section), f", {label}"),
        element("p", _description(section, ranking), class_="note"),
        element("div", class_="toolbar-place"),
        ranking_table(ranking, [part.panels[id(row.result)] for row in ranking.rows]),
        element(
            "div",
            element("div", class_="charts-place"),
            element("div", *map(side_table, ranking.tables), class_="sides"),
            class_="below",
        ),
        id=f"ranking-{place}",
        class_="ranking",
    )


def _description(section: Section, ranking: Ranking) -> str:
    tests = f"{ranking.paired} of the neighbours were compared by paired tests. "
    tests *= ranking.paired > 0
    alone = MAINTAINERS_ALONE * section.is_of_maintainers
    hours = [rate.hours for row in ranking.rows if (rate := row.at(ranking.n_distractors))]
    audio = " to ".join(dict.fromkeys(map(short_hours, (min(hours), max(hours)))))
    return (
        f"Ranked at {short_size(ranking.n_distractors)} distractors, {audio} of audio: "
        f"{ranking.search.label}. "
        f"{_queries(section)}, intervals over {section.clusters}. "
        f"{tests}Audio {section.content[:12]}. {alone}"
    )
