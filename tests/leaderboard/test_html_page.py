"""The HTML board is one file: a page without scripts, data that does nothing, one known script."""

import dataclasses
import hashlib
import itertools
import json
import math
import re
from base64 import b64encode
from collections.abc import Callable
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jaxtyping import Float64

from fpbench.results.document import Result
from fpbench_leaderboard.board import Board, Links
from fpbench_leaderboard.entries import Entry
from fpbench_leaderboard.html_page import board_html
from fpbench_leaderboard.sections import make_board

ASSETS = files("fpbench_leaderboard") / "assets"


class Reader(HTMLParser):
    """The elements of a page, with their attributes and the text directly in them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), []))

    def handle_data(self, data: str) -> None:
        if self.found:
            self.found[-1][2].append(data)

    def texts(self, tag: str) -> list[str]:
        return ["".join(text) for name, _, text in self.found if name == tag]


@pytest.fixture(scope="session")
def page(board: Board) -> str:
    return board_html(board)


def data_of(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json" id="board">(.*?)</script>', page, re.S)
    assert "<" not in text
    return json.loads(text)


def test_only_the_committed_script_and_style_may_run(page: str) -> None:
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    for name, rule in (("board.js", "script-src"), ("board.css", "style-src")):
        content = (ASSETS / name).read_bytes()
        digest = b64encode(hashlib.sha256(content).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in policy
        assert content.decode() in page
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_no_element_has_a_style_a_handler_or_an_address_elsewhere(page: str) -> None:
    names = {name for _, attributes, _ in Reader(page).found for name in attributes}
    assert not any(name == "style" or name.startswith("on") or name == "src" for name in names)
    addresses = [a["href"] or "" for _, a, _ in Reader(page).found if "href" in a]
    assert addresses
    assert all(address.startswith("#") for address in addresses)


def test_the_table_can_be_read_without_the_script(page: str, board: Board) -> None:
    rows = board.sections[0].rankings[0].rows
    reader = Reader(page)
    headings = [text for text in reader.texts("th") if text.startswith("HR@1 at ")]
    assert len(headings) == 4  # three sizes, and one of the other ranking
    assert "90.0 " in reader.texts("td")
    assert {row.system for row in rows} - set(reader.texts("bdi")) == {
        row.system for row in rows if "\u202e" in row.system
    }
    assert any("right\\u202eleft" in text for text in reader.texts("bdi"))


def test_data_hold_curves_decisions_and_flat_records(page: str) -> None:
    columns, (first, second) = data_of(page).values()
    assert first["metric"] == "HR@1 ±0.25 s"
    system = first["systems"][0]
    assert system["name"] == "nafp"
    assert system["curve"][0] == {
        "n": 10_000, "value": 0.9, "low": pytest.approx(0.85), "high": pytest.approx(0.95),
        "mark": "", "rank": 1,
    }  # fmt: skip
    assert system["decisions"][0]["accepts"] == [0.001, 0.01, 0.1, 1.0]
    records = [dict(zip(columns, values, strict=True)) for values in system["records"]]
    assert [record["n_distractors"] for record in records] == [10**4, 10**6, 10**8]
    assert [record["value"] for record in records] == [0.9, 0.7, 0.4]
    assert [each["name"] for each in second["systems"]] == ["elsewhere"]


def test_addresses_of_rankings_differ_and_do_not_depend_on_other_results(
    named: Callable[..., Result], page: str
) -> None:
    def names(*results: Result) -> list[str]:
        board = make_board([Entry(result=result) for result in results], "here")
        return [each["id"] for each in data_of(board_html(board))["rankings"]]

    one = named("a", {1000: 0.5})
    seed = dataclasses.replace(one, config={**one.config, "seed": 7})
    longer = dataclasses.replace(one.queries, length_s=3.0)
    other = dataclasses.replace(one, queries=longer)
    assert names(one) == ["22222222/100x1s/hr@1/0.25s"]
    assert names(other, one)[0] == "22222222/100x1s/hr@1/0.25s"
    assert len(set(names(one, seed, other))) == 3


def test_sections_of_one_title_are_told_apart(page: str) -> None:
    assert [text for text in Reader(page).texts("small") if text] == [
        "100 queries of 1 s, data 22222222",
        "100 queries of 1 s, data 33333333",
    ]
    assert "Ranked at 100 M distractors, 13 889 h of audio: exact search" in page


def test_decisions_stand_by_size_and_searched_ones_before_simulated_ones(board: Board) -> None:
    result = board.sections[0].rankings[0].rows[0].result
    simulated = [dataclasses.replace(one, found="simulated") for one in result.false_accepts]
    both = [*reversed(result.false_accepts), *simulated[1:]]
    changed = dataclasses.replace(result, false_accepts=both[1:])
    page = board_html(make_board([Entry(result=changed)], "here"))
    (system,) = data_of(page)["rankings"][0]["systems"]
    found = [(each["n"], each["searched"]) for each in system["decisions"]]
    assert found == [(10**4, True), (10**6, True), (10**8, False)]


def test_the_page_does_not_depend_on_the_order_of_results(named: Callable[..., Result]) -> None:
    entries = [Entry(result=named(name, {1000: 0.5})) for name in ("a", "b", "c")]
    pages = {board_html(make_board(order, "here")) for order in (entries, entries[::-1])}
    assert len(pages) == 1


def test_an_empty_board_is_a_page() -> None:
    page = board_html(make_board([], "nowhere"))
    assert data_of(page)["rankings"] == []


def test_files_are_linked_from_the_folder_of_the_page(named: Callable[..., Result]) -> None:
    links = Links(result="x/a b.json", config=None, evidence=["x/result.exact.synthetic.npz"])
    board = make_board([Entry(result=named("a", {1000: 0.5}), links=links)], "here")
    linked = Reader(board_html(board, Path("site")))
    addresses = [a["href"] for _, a, _ in linked.found if "href" in a]
    assert addresses[-2:] == ["../x/a%20b.json", "../x/result.exact.synthetic.npz"]


def test_assets_are_as_their_digests_say_and_name_their_licences() -> None:
    for line in (ASSETS / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest
    script = (ASSETS / "board.js").read_text()
    head = script[: script.index("*/")]
    assert all(name in head for name in ("@observablehq/plot", "d3-scale", "datatables.net"))
    assert "</script" not in script


PAIRS = [("ink", 4.5), ("soft", 4.5), ("link", 4.5), ("warn", 4.5), ("good", 4.5)]
PAIRS += [(f"series-{i}", 3.0) for i in range(6)]


@pytest.mark.parametrize(("name", "least"), PAIRS)
def test_colours_have_contrast_in_light_and_dark(name: str, least: float) -> None:
    for ground in ("card", "page"):
        for front, back in zip(colours(name), colours(ground), strict=True):
            assert contrast(front, back) >= least


# Machado, Oliveira and Fernandes 2009, severity 1.0: linear RGB as it is seen without one cone.
SEEN = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
    ),
    "deuteranopia": np.array(
        [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
    ),
    "tritanopia": np.array(
        [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]
    ),
}


@pytest.mark.parametrize("eyes", SEEN)
def test_curves_can_be_told_apart_by_those_who_see_few_colours(eyes: str) -> None:
    for scheme in (0, 1):
        series = [linear(colours(f"series-{i}")[scheme]) for i in range(6)]
        places = [lab(SEEN[eyes] @ colour) for colour in series]
        assert min(math.dist(*pair) for pair in itertools.combinations(places, 2)) > 14


def colours(name: str) -> tuple[str, str]:
    """The colour of a name in light and in dark."""
    style = (ASSETS / "board.css").read_text()
    light, dark = re.findall(rf"--{name}: ?light-dark\((#\w+), ?(#\w+)\)", style)[0]
    return light, dark


def linear(colour: str) -> Float64[np.ndarray, " 3"]:
    """Linear RGB of a colour such as #fff or #0a4f38."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb: Float64[np.ndarray, " 3"]) -> Float64[np.ndarray, " 3"]:
    """CIE L*a*b* of linear RGB, white of D65."""
    matrix = np.array(
        [[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]]
    )
    x, y, z = np.cbrt(matrix @ np.clip(rgb, 0, 1) / matrix.sum(axis=1))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one: str, other: str) -> float:
    """Ratio of two colours as WCAG 2 defines it."""
    luminances = (float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    dark, light = sorted(luminances)
    return (light + 0.05) / (dark + 0.05)
