"""``fpbench compare``: results of real runs in tables; what is compared is in tests/review."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.results.files import read_result
from fpbench.review.comparison import compare_results

Run = Callable[..., Result]


def compare(*arguments: object) -> Result:
    shown = CliRunner().invoke(main, ["compare", *map(str, arguments)])
    assert "Traceback" not in shown.output
    return shown


@pytest.mark.slow
def test_a_difference_is_the_one_of_the_rates(tmp_path: Path, config: Path, run_on: Run) -> None:
    rates = {}
    for system, choice in (("small-sketch", ()), ("random", ("--fingerprinter", "random"))):
        path = tmp_path / f"{system}.json"
        assert run_on(config, *choice, "--distractors", "real", "--out", path).exit_code == 0
        for curve in read_result(path).curves:
            for point in curve.points:
                kind = (curve.metric, curve.tolerance_s, point.n_distractors)
                rates[system, *kind] = point.value
    (found,) = compare_results([tmp_path / "small-sketch.json", tmp_path / "random.json"], 0.99)
    assert len(found.differences) == len(rates) / 2
    for d in found.differences:
        kind = (d.metric, d.tolerance_s, d.points[0].n_distractors)
        expected = rates["small-sketch", *kind] - rates["random", *kind]
        assert d.value == pytest.approx(expected)
        assert 0 < d.low <= d.value <= d.high <= 1
        # All eight tracks agree, which is one of 128 sign patterns; there are 18 tests.
        assert d.p_value == pytest.approx(18 / 128)
        assert not d.clear
    flipped = tmp_path / "flipped.csv"
    shown = compare(tmp_path / "small-sketch.json", tmp_path / "random.json", "--queries", flipped)
    header, query, *_ = flipped.read_text().splitlines()
    row = dict(zip(header.split(","), query.split(","), strict=True))
    assert (row["track"][-4:], row["rank_first"]) == (".wav", "1")
    assert row["rank_second"] != "1"
    assert float(row["start_s"]) >= 0
    assert "small-sketch minus random; exact, real distractors" in shown.stdout
    assert "\n          100  " in shown.stdout
    assert "Holm-corrected for 18 tests" in " ".join(shown.stdout.split())
    assert max(map(len, shown.stdout.splitlines())) <= 100


@pytest.mark.slow
def test_flipped_queries_are_none_for_equal_results(tmp_path: Path, finished: Path) -> None:
    result, path = finished / "out" / "result.json", tmp_path / "flipped.csv"
    shown = compare(result, result, result, "--pairs", "first", "--queries", path)
    assert shown.exit_code == 0, shown.stderr
    assert path.read_text().splitlines() == [  # nothing differs from itself
        "first,second,index,distractors,query_length_s,query,rank_first,rank_second"
    ]
    refused = compare(result, result, "--queries", tmp_path / "flipped.txt")
    assert (refused.exit_code, "end its name in .csv" in refused.stderr) == (2, True)


@pytest.mark.parametrize("form", ["csv", "json", "latex"])
@pytest.mark.slow
def test_differences_have_other_forms(finished: Path, form: str) -> None:
    result = finished / "out" / "result.json"
    shown = compare(result, result, "--format", form)
    assert shown.exit_code == 0, shown.stderr
    assert {"csv": "first,second,", "json": "[", "latex": "% small"}[form] in shown.stdout


@pytest.mark.slow
def test_shows_a_table_for_each_index_and_kind_of_distractors(finished: Path) -> None:
    result = finished / "out" / "result.json"
    shown = compare(result, result, "--level", "0.99")
    assert shown.exit_code == 0, shown.stderr
    tables = [line for line in shown.stdout.splitlines() if line.startswith("small-sketch minus ")]
    assert tables == [
        f"small-sketch minus small-sketch; {index}, {distractors}"
        for index in ("exact", "ivf")
        for distractors in ("real distractors", "synthetic distractors (gaussian)")
    ]
    assert "HR@1 ±0.25 s" in shown.stdout
    assert "99 % intervals" in shown.stdout


def test_a_level_is_a_share(finished: Path) -> None:
    result = finished / "out" / "result.json"
    shown = compare(result, result, "--level", "99")
    assert (shown.exit_code, "level 99 is not from 0.5 to 0.995" in shown.stderr) == (2, True)


def test_missing_evidence_is_refused(tmp_path: Path, finished: Path) -> None:
    result = finished / "out" / "result.json"
    shutil.copy(result, tmp_path / "alone.json")
    shown = compare(tmp_path / "alone.json", result)
    assert (shown.exit_code, "is not beside" in shown.stderr) == (2, True)


@pytest.mark.slow
def test_files_that_cannot_be_compared_do_not_cost_the_others_their_table(
    tmp_path: Path, finished: Path
) -> None:
    good = str(finished / "out" / "result.json")
    (tmp_path / "cut.json").write_text("{")
    bad = [str(tmp_path / "cut.json"), str(tmp_path / "none.json"), str(tmp_path)]
    shown = CliRunner().invoke(main, ["compare", good, *bad, good])
    alone = CliRunner().invoke(main, ["compare", good, good])
    assert (shown.exit_code, alone.exit_code) == (2, 0)
    assert shown.stdout == alone.stdout
    assert "3 files have errors" in shown.stderr
    for message in (
        "cut.json is not JSON",
        "none.json: No such file",
        f"{tmp_path}: it is a folder",
    ):
        assert message in shown.stderr
