"""`fpbench leaderboard` prints tables and draws figures of result files."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from fpbench.cli import main
from fpbench.results.document import Result
from fpbench.results.files import write_result

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
    assert "no curve of hr@7" in shown.stderr
