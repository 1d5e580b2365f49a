"""Minimal results for tables, by name, and a board of some of them."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from written_runs import alter, write_run

from fpbench.folder_names import change_texts
from fpbench.results.decisions import DetCurve, ErrorRate, FalseAccepts
from fpbench.results.document import Curve, Interval, Point, Result
from fpbench.results.files import read_result
from fpbench_leaderboard.board import Board
from fpbench_leaderboard.entries import Entry
from fpbench_leaderboard.markdown import board_markdown
from fpbench_leaderboard.searches import Wanted
from fpbench_leaderboard.sections import make_board

__all__ = ["alter", "write_run"]

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notes of earlier runs would spare checks that a test is about."""
    monkeypatch.setenv("FPBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))


def point(n: int, value: float) -> Point:
    ci = Interval(level=0.95, low=value - 0.05, high=value + 0.05, method="bootstrap over tracks")
    return Point(
        n_distractors=n,
        n_reference=500,
        hours=(n + 500) / 7200,
        value=value,
        std=None,
        repeats=1,
        n_queries=100,
        ci=ci,
    )


EVIL = {
    "x": "</script><script>document.title = 'run'</script>",
    "y": '"><img src="https://evil.example/x.png" onerror="document.title = 1">',
    "z": "right\u202eleft &lt;b&gt; {{1}} ${1} $policy",
}
"""Names that a page must show and not obey, instead of plain ones."""


@pytest.fixture(scope="session")
def named() -> Callable[..., Result]:
    """The golden result under another name, with one curve: by distractors, the hit rate."""

    def make(name: str, values: dict[int, float], **changes: object) -> Result:
        base = read_result(GOLDEN)
        curve = Curve(
            distractors="real",
            index="exact",
            metric="hr@1",
            tolerance_s=0.25,
            query_length_s=1.0,
            points=[point(n, value) for n, value in values.items()],
        )
        system = dataclasses.replace(base.fingerprinter, name=name)
        return dataclasses.replace(base, fingerprinter=system, curves=[curve], **changes)

    return make


@pytest.fixture(scope="session")
def board(named: Callable[..., Result]) -> Board:
    """Eight systems in one ranking, some with evil names, and another data set with one system."""
    sizes = {10_000: 0.9, 1_000_000: 0.7, 100_000_000: 0.4}
    names = ("nafp", "nmfp", "peaknetfp", "grafprint", "spectral-sketch", *EVIL)
    results = [
        with_decisions(named(name, {n: rate - 0.03 * place for n, rate in sizes.items()}))
        for place, name in enumerate(names)
    ]
    other = named("elsewhere", {1000: 0.5})
    content = dataclasses.replace(other.data, content="3" * 32)
    results.append(dataclasses.replace(other, data=content))
    made = make_board([Entry(result=result) for result in results], "submissions")
    # Put in afterwards: reading and ranking change some of them.
    evil: Board = change_texts(made, lambda text: EVIL.get(text, text))
    return evil


def with_decisions(result: Result) -> Result:
    """The result, with a curve of false rejects at each size."""
    rates = [0.9, 0.8, 0.6, 0.3]
    shown = [
        FalseAccepts(
            distractors="real",
            index="exact",
            tolerance_s=0.25,
            n_distractors=each.n_distractors,
            databases=1,
            equal_error_rate=ErrorRate(value=0.4, low=0.3, high=0.5),
            rejects=[],
            accepts_at_smallest=None,
            level=0.95,
            method="jackknife",
            det=DetCurve(
                false_accepts=[0.001, 0.01, 0.1, 1.0],
                false_rejects=rates,
                low=[rate - 0.1 for rate in rates],
                high=[rate + 0.1 for rate in rates],
            ),
        )
        for each in result.curves[0].points
    ]
    return dataclasses.replace(result, false_accepts=shown)


@pytest.fixture
def board_of() -> Callable[..., Board]:
    """The board of some results, and what is asked for."""
    return lambda *results, **wanted: make_board(
        [Entry(result=result) for result in results], "tests", Wanted(**wanted)
    )


@pytest.fixture
def markdown(board_of: Callable[..., Board]) -> Callable[..., str]:
    """The board of some results as Markdown."""
    return lambda *results, **wanted: board_markdown(board_of(*results, **wanted))
