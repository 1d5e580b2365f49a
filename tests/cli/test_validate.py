"""``fpbench validate``: results of real runs are valid; which lies are found is in tests/review."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fpbench.cli import main

MINE = """
from fpbench import Entry, hookimpl
from fpbench_plugins.spectral_sketch import create

@hookimpl
def fpbench_fingerprinters():
    return [Entry(name="my-sketch", summary="a sketch", create=create)]
"""


@pytest.fixture
def result(tmp_path: Path, finished: Path) -> Path:
    for path in (finished / "out").iterdir():
        shutil.copy(path, tmp_path)
    return tmp_path / "result.json"


@pytest.mark.slow
def test_a_result_that_agrees_with_its_evidence_is_valid(result: Path) -> None:
    shown = CliRunner().invoke(main, ["validate", str(result.parent)])
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "1 valid\n", "")


@pytest.mark.slow
def test_the_record_of_a_fit_is_left_out_of_a_folder_and_refused_by_name(
    result: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = result.with_name("g.json")
    record.write_text('{"generator": "gaussian"}')
    shown = CliRunner().invoke(main, ["validate", str(result.parent)])
    assert (shown.exit_code, shown.stdout) == (0, "1 valid\n")
    assert f"left out files that are not results: {record}" in caplog.text
    shown = CliRunner().invoke(main, ["validate", str(record)])
    assert shown.exit_code == 1
    assert "g.json: field 'result_format' is missing" in shown.stdout


def test_a_lie_is_found(result: Path) -> None:
    document = json.loads(result.read_text())
    point = document["curves"][0]["points"][0]
    point["value"] = point["ci"]["low"] = 0.5
    result.write_text(json.dumps(document))
    shown = CliRunner().invoke(main, ["validate", str(result)])
    assert shown.exit_code == 1
    lines = shown.stdout.splitlines()
    assert any(
        line.startswith(f"{result}: /curves/0/points/0/value is 0.5: the evidence gives 0.99")
        for line in lines
    )
    assert shown.stderr == "1 with problems\n"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--distractors", "none"], id="none"),
        pytest.param(["--distractors", "real", "--sizes", "100"], id="complete"),
        pytest.param(["--distractors", "real", "--fingerprinter", "plugin:{file}"], id="file"),
    ],
)
@pytest.mark.slow
def test_another_honest_result_is_valid(
    tmp_path: Path, run_on: Callable[..., Any], config: Path, arguments: list[str]
) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    filled = [argument.format(file=tmp_path / "mine.py") for argument in arguments]
    shown = run_on(config, *filled)
    assert shown.exit_code == 0, shown.stderr
    shown = CliRunner().invoke(main, ["validate", str(tmp_path / "out" / "result.json")])
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "1 valid\n", "")


def test_missing_evidence_is_said(result: Path) -> None:
    for evidence in result.parent.glob("*.npz"):
        evidence.unlink()
    shown = CliRunner().invoke(main, ["validate", str(result)])
    assert (shown.exit_code, shown.stdout) == (0, "1 valid\n")
    assert "were not computed again" in shown.stderr


@pytest.mark.slow
def test_one_file_does_not_keep_the_others_from_being_checked(result: Path) -> None:
    for name in ("a", "b"):
        result.with_name(f"{name}.json").write_text("{")
    (result.parent / "folder.json").mkdir()
    shown = CliRunner().invoke(main, ["validate", str(result.parent), "nowhere"])
    assert (shown.exit_code, shown.stdout.splitlines()[-1]) == (2, "1 valid")
    assert "no such file or folder: nowhere" in shown.stderr
    for name in ("a.json is not JSON", "b.json is not JSON", "folder.json"):
        assert name in shown.stdout
