"""`fpbench leaderboard` ranks result files, and draws figures of them."""

import csv
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result as Shown

from fpbench.cli import main
from fpbench.results.data import TaskInfo
from fpbench.results.document import Result
from fpbench.results.files import read_result, write_result
from fpbench.results.provenance import Provenance
from fpbench_leaderboard.page import BEGIN, END

Named = Callable[..., Result]
GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"


def test_prints_markdown_and_names_missing_files(named: Named, tmp_path: Path) -> None:
    write_result(named("a", {1000: 0.5}), tmp_path / "a.json")
    shown = CliRunner().invoke(main, ["leaderboard", str(tmp_path)])
    assert shown.exit_code == 0
    assert shown.stdout.startswith("# Leaderboard")
    missing = CliRunner().invoke(main, ["leaderboard", str(tmp_path / "nowhere")])
    assert missing.exit_code == 2
    assert "nowhere" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_a_folder_may_hold_other_json_which_is_named(
    named: Named, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_result(named("a", {1000: 0.5}), tmp_path / "a.json")
    alone = CliRunner().invoke(main, ["leaderboard", str(tmp_path)])
    (tmp_path / "below").mkdir()
    for name, text in (("g", '{"generator": "gaussian"}'), ("below/list", "[1]")):
        (tmp_path / f"{name}.json").write_text(text)
    shown = CliRunner().invoke(main, ["leaderboard", str(tmp_path)])
    assert (shown.exit_code, shown.stdout) == (0, alone.stdout)
    assert caplog.messages == [
        f"left out files that are not results: {tmp_path}/below/list.json, {tmp_path}/g.json"
    ]


def test_a_file_that_is_named_must_be_a_result(tmp_path: Path) -> None:
    (tmp_path / "g.json").write_text('{"generator": "gaussian"}')
    shown = CliRunner().invoke(main, ["leaderboard", str(tmp_path / "g.json")])
    assert shown.exit_code == 2
    assert "g.json: field 'result_format' is missing" in shown.stderr


def test_a_result_that_was_cut_off_is_not_left_out_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_text(GOLDEN.read_text()[:-100])
    shown = CliRunner().invoke(main, ["leaderboard", str(tmp_path)])
    assert shown.exit_code == 2
    assert "cut.json is not JSON" in shown.stderr


@pytest.mark.slow
def test_one_file_does_not_cost_the_others_their_table(named: Named, tmp_path: Path) -> None:
    write_result(named("a", {1000: 0.5}), tmp_path / "a.json")
    alone = CliRunner().invoke(main, ["leaderboard", str(tmp_path)])
    (tmp_path / "cut.json").write_text("{")
    figure = tmp_path / "figure.png"
    shown = CliRunner().invoke(main, ["leaderboard", str(tmp_path), "--figure", str(figure)])
    assert (shown.exit_code, shown.stdout) == (2, alone.stdout)
    assert "cut.json is not JSON" in shown.stderr
    assert figure.exists()


@pytest.mark.slow
def test_results_that_can_be_compared_make_one_figure(named: Named, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_result(named(name, {1000: 0.9, 10_000: 0.2}), tmp_path / f"{name}.json")
    shown = CliRunner().invoke(
        main, ["leaderboard", str(tmp_path), "--figure", f"{tmp_path}/f.png"]
    )
    assert shown.exit_code == 0, shown.stderr
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")


def test_other_queries_make_no_figure(named: Named, tmp_path: Path) -> None:
    first = named("one", {1000: 0.9})
    write_result(first, tmp_path / "one.json")
    queries = dataclasses.replace(first.queries, recipe={"n_queries": 7})
    write_result(named("two", {1000: 0.9}, queries=queries), tmp_path / "two.json")
    shown = CliRunner().invoke(
        main, ["leaderboard", str(tmp_path), "--figure", f"{tmp_path}/f.png"]
    )
    assert shown.exit_code == 2
    assert "differ in audio or queries" in shown.stderr
    assert not (tmp_path / "f.png").exists()


def test_a_metric_without_curves_makes_no_figure(named: Named, tmp_path: Path) -> None:
    write_result(named("one", {1000: 0.9}), tmp_path / "one.json")
    arguments = ["leaderboard", str(tmp_path), "--metric", "hr@7", "--figure", f"{tmp_path}/f.png"]
    shown = CliRunner().invoke(main, arguments)
    assert shown.exit_code == 2
    assert "no result has the metric 'hr@7'" in shown.stderr
    assert "--metric may be: hr@1" in shown.stderr


def invoke(*arguments: str | Path) -> Shown:
    # The task of a result in these tests is not installed.
    shown = CliRunner().invoke(main, ["leaderboard", "--no-evidence", *map(str, arguments)])
    assert shown.exit_code == 0, shown.stderr
    return shown


@pytest.fixture
def three(named: Named, tmp_path: Path) -> Path:
    """Three systems, one of them of a task."""
    for name, value in (("a", 0.9), ("b", 0.5), ("c", 0.2)):
        result = named(name, {1000: value, 10_000: value / 2})
        task = TaskInfo(name="t-v1", version=1, content="1", data=None, queries=None)
        changed = dataclasses.replace(result, task=task if name == "c" else None)
        write_result(changed, tmp_path / f"{name}.json")
    return tmp_path


def test_the_heading_names_what_the_board_is_of(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(three.parent)
    assert f"from 3 results in {three.name}.\n" in invoke(three.name).stdout
    assert f"from 1 result in {three.name}/a.json.\n" in invoke(f"{three.name}/a.json").stdout
    monkeypatch.chdir(three)
    assert "from 2 results.\n" in invoke("a.json", "b.json").stdout
    assert "from 3 results in the current folder.\n" in invoke(".").stdout


def test_filters_choose_what_is_ranked(three: Path) -> None:
    records = list(csv.DictReader(invoke(three, "--format", "csv").stdout.splitlines()))
    assert {(r["task"], r["system"], r["rank"]) for r in records} == {
        ("", "a", "1"),
        ("", "b", "2"),
        ("t-v1", "c", "1"),
    }
    text = invoke(three, "--task", "free", "--system", "b", "--size", "1k", "--tolerance", "0.25")
    assert "| 1      | b        |" in text.stdout
    assert "; at 1 k." in text.stdout
    empty = invoke(three, "--tier", "reproduced").stdout
    assert empty.endswith("No result has what is asked for.\n")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--task", "t-v2", "did you mean 't-v1'?"),
        ("--system", "aa", "--system may be: a, b, c"),
        ("--tolerance", "near", "give seconds, such as 0.25, or track"),
        ("--tolerance", "0.5", "--tolerance may be: 0.25"),
        ("--size", "1k,2k", "give one size"),
        ("--size", "1M", "--size may be: 1000"),
        ("--index", "hnsw", "--index may be: exact"),
        ("--generator", "gaussian", "--generator may be: none"),
    ],
)
def test_what_no_result_has_is_an_error(three: Path, option: str, value: str, message: str) -> None:
    shown = CliRunner().invoke(main, ["leaderboard", "--no-evidence", str(three), option, value])
    assert shown.exit_code == 2
    assert message in shown.stderr


def test_json_has_every_curve(three: Path) -> None:
    document = json.loads(invoke(three, "--format", "json").stdout)
    (task, free) = document["sections"]
    assert (task["task"], free["task"]) == ("t-v1", None)
    assert [curve["system"] for curve in free["curves"]] == ["a", "b"]
    assert "result" not in free["rankings"][0]["rows"][0]


def test_a_page_is_updated_and_its_links_start_there(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(three)
    page = three / "docs" / "board.md"
    page.parent.mkdir()
    page.write_text(f"# Mine\n\n{BEGIN}\n{END}\n")
    assert invoke("a.json", "--update", page).stdout == ""
    text = page.read_text()
    assert text.startswith(f"# Mine\n\n{BEGIN}\n\nMade by")
    assert "[1]: ../a.json\n" in text
    other = CliRunner().invoke(main, ["leaderboard", "--update", str(page), "--format", "csv"])
    assert "--update takes no --format csv" in other.stderr


def test_the_board_is_written_to_a_file(three: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "board.md"
    assert invoke(three, "-o", out).stdout == ""
    assert out.read_text().startswith("# Leaderboard\n")


def test_an_html_page_has_all_metrics(named: Named, tmp_path: Path) -> None:
    result = named("a", {1000: 0.5})
    tenth = dataclasses.replace(result.curves[0], metric="hr@10")
    both = dataclasses.replace(result, curves=[*result.curves, tenth])
    write_result(both, tmp_path / "a.json")
    page = tmp_path / "site" / "board.html"
    arguments = (tmp_path, "--format", "html", "-o", page)
    assert invoke(*arguments).stdout == ""
    text = page.read_text(encoding="utf-8")
    assert all(f">{metric} ±0.25 s</a>" in text for metric in ("HR@1", "HR@10"))
    assert 'a.json">a.json</a>' in text
    invoke(*arguments, "--metric", "hr@10")
    assert ">HR@1 ±" not in page.read_text(encoding="utf-8")


def test_a_result_that_another_takes_the_place_of_is_not_ranked(
    named: Named, tmp_path: Path
) -> None:
    old, who = named("a", {1000: 0.9}), Provenance(submitter="ann", relation="author")
    write_result(dataclasses.replace(old, provenance=who), tmp_path / "old.json")
    replaced = read_result(tmp_path / "old.json").result_id
    newer = dataclasses.replace(who, supersedes=[replaced])
    write_result(named("a", {1000: 0.6}, provenance=newer), tmp_path / "new.json")
    (record,) = csv.DictReader(invoke(tmp_path, "--format", "csv").stdout.splitlines())
    assert record["value"] == "0.6"


def test_results_without_decisions_make_no_figure_of_them(three: Path) -> None:
    arguments = ["leaderboard", str(three / "a.json"), "--det", str(three / "det.png")]
    shown = CliRunner().invoke(main, arguments)
    assert shown.exit_code == 2
    assert shown.stdout.startswith("# Leaderboard")
    assert "there are no decisions by a threshold to draw" in shown.stderr
