"""The HTML board in a browser: it draws, sorts, filters and links, and requests and runs nothing.

Needs Playwright and a Chromium that is installed; without them, the tests are skipped.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fpbench_leaderboard.board import Board
from fpbench_leaderboard.html_page import board_html

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.slow

AXE = Path(__file__).parents[2] / "leaderboard/board/node_modules/axe-core/axe.min.js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE_MS = 180_000  # a machine with other work may need a minute to open the first page


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One headless browser for all tests of a process."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as driver:
        # Without its sandbox, because tests may run as root; the page is ours.
        started = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def address(board: Board, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of a page with eight systems, three of which have evil names."""
    path = tmp_path_factory.mktemp("board") / "board.html"
    path.write_text(board_html(board), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Any]:
    """Open the page, by the fragment of its address. Whatever it says or requests is a fault."""
    contexts: list[Any] = []
    faults: list[str] = []

    def open_page(fragment: str = "", **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1400, "height": 900}, **options})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: faults.append(dialog.message))
        page.on("request", lambda request: faults.append(request.url))
        page.goto(address + fragment)
        assert faults.pop(0).startswith(address)  # the page itself
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def names(page: Any) -> list[str]:
    """Names in the visible table, from top to bottom."""
    return page.locator(".ranking:visible .board tbody th a").all_inner_texts()


def expect_names(page: Any, expected: list[str]) -> None:
    """Wait until the visible table has these names: the order may change after the event."""
    playwright.expect(page.locator(".ranking:visible .board tbody th a")).to_have_text(
        expected, timeout=PATIENCE_MS
    )


def standings(page: Any) -> list[str]:
    return page.locator(".standings:visible .who bdi").all_inner_texts()


def test_draws_curves_decisions_and_bands(visit: Any) -> None:
    page = visit()
    assert len(names(page)) == 8
    for chart in (".curves", ".decisions"):
        assert page.locator(f"{chart}:visible .plot path").count() >= 8 * 3  # line, band, marks
    assert page.locator(".standing:visible h3").inner_text() == "Ranking at 100 M"
    assert standings(page) == names(page)


def test_sorts_by_a_click_and_by_the_keyboard(visit: Any) -> None:
    page = visit()
    ranked = names(page)
    page.locator(".ranking:visible th", has_text="system").click()
    evil = [ranked[6], ranked[5]]  # signs before letters
    plain = ["grafprint", "nafp", "nmfp", "peaknetfp", ranked[7], "spectral-sketch"]
    expect_names(page, [*evil, *plain])
    heading = page.locator(".ranking:visible th", has_text="HR@1 at 1 M")
    heading.locator("[role=button]").focus()
    page.keyboard.press("Enter")
    expect_names(page, ranked)
    page.keyboard.press("Enter")
    expect_names(page, ranked[::-1])
    assert page.locator(".ranking:visible th[aria-sort]").get_attribute("aria-sort") == "ascending"


def test_filters_rows_charts_and_standings_alike(visit: Any) -> None:
    page = visit()
    page.locator("input[type=search]:visible").fill("pe")
    assert names(page) == ["peaknetfp", "spectral-sketch"]
    assert standings(page) == names(page)
    assert page.locator(".count:visible").inner_text() == "2 of 8 systems"
    page.locator("input[type=search]:visible").fill("none of them")
    assert names(page) == []
    assert page.locator(".count:visible").inner_text() == "0 of 8 systems"


def test_hides_a_system_in_the_charts_alone(visit: Any) -> None:
    page = visit()
    toggle = page.locator(".legend:visible button", has_text="nmfp")
    toggle.focus()
    page.keyboard.press("Space")
    assert toggle.get_attribute("aria-pressed") == "false"
    assert toggle.evaluate("button => button === document.activeElement")
    assert "nmfp" not in standings(page)
    assert "nmfp" in names(page)
    page.keyboard.press("Space")
    assert "nmfp" in standings(page)


def test_shows_the_ranking_at_the_size_under_the_pointer(visit: Any) -> None:
    page = visit()
    title = page.locator(".standing:visible h3")
    chart = page.locator(".curves:visible .chart")
    chart.hover(position={"x": 60, "y": 100})
    assert title.inner_text() == "Ranking at 10 k"
    title.hover()
    assert title.inner_text() == "Ranking at 100 M"
    chart.click(position={"x": 60, "y": 100})
    title.hover()
    assert title.inner_text() == "Ranking at 10 k"
    page.locator(".slider:visible input").focus()
    page.keyboard.press("ArrowRight")
    assert title.inner_text() == "Ranking at 1 M"


def test_the_address_holds_the_view(visit: Any) -> None:
    page = visit()
    page.locator(".ranking:visible th", has_text="HR@1 at 10 k").click()
    page.locator(".ranking:visible th", has_text="HR@1 at 10 k").click()
    page.locator("input[type=search]:visible").fill("pe")
    page.locator(".legend:visible button", has_text="peaknetfp").click()
    page.locator(".slider:visible input").focus()
    page.keyboard.press("ArrowLeft")
    fragment = "#" + page.url.partition("#")[2]
    again = visit(fragment)
    expect_names(page, ["spectral-sketch", "peaknetfp"])
    expect_names(again, ["spectral-sketch", "peaknetfp"])
    assert standings(again) == standings(page) == ["spectral-sketch"]
    assert again.locator("input[type=search]:visible").input_value() == "pe"
    assert again.locator(".standing:visible h3").inner_text() == "Ranking at 1 M"


def test_the_address_of_another_ranking_shows_it(visit: Any) -> None:
    page = visit()
    page.locator("nav a").last.click()
    assert names(page) == ["elsewhere"]
    again = visit("#" + page.url.partition("#")[2])
    assert names(again) == ["elsewhere"]
    again.evaluate("location.hash = ''")
    again.wait_for_function("document.querySelectorAll('article')[1].hidden")
    assert len(names(again)) == 8


@pytest.mark.parametrize(
    "fragment",
    ["#sort=%00.desc&size=-1&hide=x,999&ranking=%3Cb%3E", "#%E0%A4%A", "#ranking-1", "#&"],
)
def test_any_fragment_has_a_view(visit: Any, fragment: str) -> None:
    assert len(names(visit(fragment))) == 8


def test_saves_the_rows_that_are_shown(visit: Any, tmp_path: Path) -> None:
    page = visit()
    page.locator(".ranking:visible th", has_text="system").click()
    page.locator("input[type=search]:visible").fill("pe")
    for ending in ("json", "csv"):
        with page.expect_download() as waiting:
            page.locator(f"button.{ending}:visible").click()
        waiting.value.save_as(tmp_path / waiting.value.suggested_filename)
    (saved,) = tmp_path.glob("*.json")
    records = json.loads(saved.read_text())
    assert [record["system"] for record in records] == ["peaknetfp"] * 3 + ["spectral-sketch"] * 3
    assert (records[1]["n_distractors"], records[1]["value"]) == (10**6, pytest.approx(0.64))
    (table,) = tmp_path.glob("*.csv")
    head, *rows = table.read_text().splitlines()
    assert head.startswith("task,data,queries,query_length_s,metric,tolerance_s,index")
    assert len(rows) == len(records)


def test_names_of_strangers_stay_text(visit: Any) -> None:
    page = visit()
    assert page.title() == "fpbench leaderboard"
    assert page.locator("img, iframe, object, main script, main b").count() == 0
    shown = names(page)[5:]
    assert shown[0] == "</script><script>document.title = 'run'</script>"
    assert shown[1].startswith('"><img src=')
    assert shown[2] == "right\\u202eleft &lt;b&gt; {{1}} ${1} $policy"
    assert standings(page)[5:] == shown
    page.locator("input[type=search]:visible").fill("img src")
    assert names(page) == [shown[1]]


def test_a_name_opens_its_panel_and_keeps_the_view(visit: Any) -> None:
    page = visit("#filter=nmfp")
    page.locator(".ranking:visible .board a", has_text="nmfp").click()
    opened = page.locator("details[open]")
    assert opened.locator(".title").inner_text() == "nmfp"
    assert "128 numbers for 1 s" in opened.inner_text()
    assert page.url.endswith("#filter=nmfp")


def test_rows_can_be_copied(visit: Any) -> None:
    page = visit()
    text = page.evaluate(
        "() => { getSelection().selectAllChildren(document.querySelector('.board tbody'));"
        " return getSelection().toString() }"
    )
    first = text.splitlines()[0].split("\t") if "\t" in text.splitlines()[0] else text.split()
    assert "nafp" in text
    assert "90.0 (85.0–95.0)" in text  # noqa: RUF001 - a range's dash
    assert first[0] == "1"


def test_is_read_without_the_script(visit: Any) -> None:
    page = visit(java_script_enabled=False)
    assert page.locator(".board:visible").count() == 2
    assert len(names(page)) == 9
    assert page.locator("button:visible, input:visible").count() == 0
    page.locator("nav a").last.click()
    assert page.locator("#ranking-1:visible").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_fits_and_has_no_serious_fault_of_accessibility(
    visit: Any, width: int, scheme: str
) -> None:
    page = visit(viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.locator("details.card:visible summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    if not AXE.is_file():
        pytest.skip("no axe-core: run `make board`")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in serious] == []


def test_the_reader_chooses_light_or_dark(visit: Any) -> None:
    page = visit(color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    theme = page.locator("#theme")
    theme.click()
    assert (theme.inner_text(), page.evaluate(ground)) == ("theme: light", light)
    theme.click()
    assert theme.inner_text() == "theme: dark"
    assert page.evaluate(ground) != light
