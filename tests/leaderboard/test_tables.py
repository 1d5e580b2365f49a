"""Tables compare only what can be compared, put the best first, and do not depend on order."""

import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from fpbench.cli import main
from fpbench.results.document import Curve, Interval, Point, Result
from fpbench.results.files import read_result, write_result
from fpbench_leaderboard import leaderboard

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"


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


def named(name: str, values: dict[int, float], **changes: object) -> Result:
    base = read_result(GOLDEN)
    curve = Curve(
        distractors="real",
        index="exact",
        index_parameters={},
        metric="hr@1",
        tolerance_s=0.25,
        query_length_s=1.0,
        points=[point(n, value) for n, value in values.items()],
    )
    system = dataclasses.replace(base.fingerprinter, name=name)
    return dataclasses.replace(base, fingerprinter=system, curves=[curve], **changes)


def rows(markdown: str) -> list[str]:
    return [line.split("|")[1].strip() for line in markdown.splitlines() if line.startswith("| ")]


def test_the_best_at_the_largest_size_comes_first() -> None:
    results = [
        named("crumbles", {1000: 0.9, 10_000: 0.2}),
        named("stands", {1000: 0.8, 10_000: 0.7}),
        named("unmeasured", {1000: 0.95}),
    ]
    assert rows(leaderboard(results)) == ["system", "stands", "crumbles", "unmeasured"]


def test_a_system_run_with_two_generators_has_one_row_for_real_distractors() -> None:
    first = named("twice", {1000: 0.9})
    other = dataclasses.replace(first.generator, name="resample")
    again = dataclasses.replace(first, generator=other)
    assert rows(leaderboard([first, again])) == ["system", "twice"]
    changed = named("twice", {1000: 0.8})
    assert rows(leaderboard([first, again, changed])) == ["system", "twice", "twice"]


def test_a_copy_of_a_result_has_no_row_of_its_own() -> None:
    base = named("nafp", {1000: 0.9})
    synthetic = dataclasses.replace(base.curves[0], distractors="synthetic")
    result = dataclasses.replace(base, curves=[synthetic])
    assert rows(leaderboard([result, result])) == ["system", "nafp"]


def test_the_same_audio_by_another_path_is_in_the_same_table() -> None:
    first, second = named("one", {1000: 0.9}), named("two", {1000: 0.8})
    elsewhere = dataclasses.replace(second.data, name="folder:../music")
    second = dataclasses.replace(second, data=elsewhere)
    assert rows(leaderboard([second, first])) == ["system", "one", "two"]


def test_systems_of_one_name_are_told_apart() -> None:
    first, second = named("nafp", {1000: 0.9}), named("nafp", {1000: 0.8})
    wider = dataclasses.replace(second.fingerprinter, options={"width": "32"})
    second = dataclasses.replace(second, fingerprinter=wider)
    assert rows(leaderboard([second, first])) == ["system", "nafp", "nafp (width=32)"]


def test_code_that_changed_no_answer_has_no_row_of_its_own() -> None:
    first = named("nafp", {1000: 0.9})
    system = dataclasses.replace(first.fingerprinter, source_sha256="1" * 64)
    again = dataclasses.replace(first, fingerprinter=system)
    assert len(rows(leaderboard([first, again]))) == len(rows(leaderboard([first])))


def test_order_of_input_does_not_matter() -> None:
    results = [named(name, {1000: value}) for name, value in (("a", 0.5), ("b", 0.5), ("c", 0.6))]
    texts = {leaderboard(order) for order in itertools.permutations(results)}
    assert len(texts) == 1


def test_results_on_other_audio_get_a_table_of_their_own() -> None:
    here = named("a", {1000: 0.5})
    elsewhere = dataclasses.replace(here, data=dataclasses.replace(here.data, content="0" * 32))
    assert leaderboard([here, elsewhere]).count("## ") == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda r: {"config": {**r.config, "seed": 7}},
        lambda r: {"queries": dataclasses.replace(r.queries, n=30)},
    ],
    ids=["seed", "queries"],
)
def test_results_of_other_queries_get_a_table_of_their_own(
    change: Callable[[Result], dict[str, object]],
) -> None:
    first = named("a", {1000: 0.9})
    other = dataclasses.replace(named("b", {1000: 0.9}), **change(first))
    assert leaderboard([first, other]).count("## ") == 2


def test_a_cell_has_the_interval_and_a_row_the_hours() -> None:
    text = leaderboard([named("a", {35_500: 0.5})])
    assert "50.0 (45.0–55.0)" in text  # noqa: RUF001
    assert "HR@1 at 35.5 k" in text
    assert "5.0 h" in text


def test_nothing_to_show_says_so() -> None:
    assert leaderboard([], metric="hr@3") == "No results with hr@3.\n"


def test_the_command_prints_markdown_and_names_what_is_missing(tmp_path: Path) -> None:
    write_result(named("a", {1000: 0.5}), tmp_path / "a.json")
    shown = CliRunner().invoke(main, ["leaderboard", str(tmp_path)])
    assert shown.exit_code == 0
    assert shown.stdout.startswith("# Leaderboard")
    missing = CliRunner().invoke(main, ["leaderboard", str(tmp_path / "nowhere")])
    assert missing.exit_code == 2
    assert "nowhere" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_a_folder_may_hold_other_json_which_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_result(named("a", {1000: 0.5}), tmp_path / "a.json")
    alone = CliRunner().invoke(main, ["leaderboard", str(tmp_path)])
    (tmp_path / "below").mkdir()
    for name, text in (("g", '{"generator": "gaussian"}'), ("below/list", "[1]")):
        (tmp_path / f"{name}.json").write_text(text)
    shown = CliRunner().invoke(main, ["leaderboard", str(tmp_path)])
    assert (shown.exit_code, shown.stdout) == (0, alone.stdout)
    assert caplog.messages == [
        f"left out, as no results: {tmp_path}/below/list.json, {tmp_path}/g.json"
    ]


def test_a_file_that_is_named_must_be_a_result(tmp_path: Path) -> None:
    (tmp_path / "g.json").write_text('{"generator": "gaussian"}')
    shown = CliRunner().invoke(main, ["leaderboard", str(tmp_path / "g.json")])
    assert shown.exit_code == 2
    assert "g.json: the document: " in shown.stderr


def test_a_result_that_was_cut_off_is_not_left_out_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_text(GOLDEN.read_text()[:-100])
    shown = CliRunner().invoke(main, ["leaderboard", str(tmp_path)])
    assert shown.exit_code == 2
    assert "cut.json is not JSON" in shown.stderr


def test_results_that_can_be_compared_make_one_figure(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_result(named(name, {1000: 0.9, 10_000: 0.2}), tmp_path / f"{name}.json")
    shown = CliRunner().invoke(
        main, ["leaderboard", str(tmp_path), "--figure", f"{tmp_path}/f.png"]
    )
    assert shown.exit_code == 0, shown.stderr
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")


def test_other_queries_make_no_figure(tmp_path: Path) -> None:
    first = named("one", {1000: 0.9})
    write_result(first, tmp_path / "one.json")
    queries = dataclasses.replace(first.queries, recipe={"queries": 7})
    write_result(named("two", {1000: 0.9}, queries=queries), tmp_path / "two.json")
    shown = CliRunner().invoke(
        main, ["leaderboard", str(tmp_path), "--figure", f"{tmp_path}/f.png"]
    )
    assert shown.exit_code == 2
    assert "two.json has other audio or other queries than" in shown.stderr
    assert not (tmp_path / "f.png").exists()


def test_a_metric_that_nobody_measured_makes_no_figure(tmp_path: Path) -> None:
    write_result(named("one", {1000: 0.9}), tmp_path / "one.json")
    arguments = ["leaderboard", str(tmp_path), "--metric", "hr@7", "--figure", f"{tmp_path}/f.png"]
    shown = CliRunner().invoke(main, arguments)
    assert shown.exit_code == 2
    assert "no curve of hr@7" in shown.stderr
