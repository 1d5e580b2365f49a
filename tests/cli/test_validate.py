"""Every number of a result follows from its evidence, or validate says which does not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fpbench.cli import main


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, music: Path, config: Path
) -> dict[str, bytes]:
    """The files of a run with real distractors."""
    folder = tmp_path_factory.mktemp("finished")
    arguments = ["run", "--config", config, "--dataset", f"folder:{music}"]
    arguments += ["--distractors", "real", "--cache", folder / "cache"]
    arguments += ["--out", folder / "out" / "r.json"]
    shown = CliRunner().invoke(main, [str(a) for a in arguments])
    assert shown.exit_code == 0, shown.stderr
    return {path.name: path.read_bytes() for path in (folder / "out").iterdir()}


@pytest.fixture
def result(tmp_path: Path, finished: dict[str, bytes]) -> Path:
    for name, content in finished.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path / "r.json"


def lie(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def better(document: dict[str, Any]) -> None:
    point = document["curves"][0]["points"][0]
    point["value"] = point["ci"]["high"] = 1.0
    point["ci"]["low"] -= 0.01


def other_interval(document: dict[str, Any]) -> None:
    document["curves"][1]["points"][0]["ci"]["low"] -= 0.001


def outside(document: dict[str, Any]) -> None:
    document["curves"][0]["points"][0]["ci"]["low"] = 1.0
    document["curves"][0]["points"][0]["value"] = 0.5


def synthetic(document: dict[str, Any]) -> None:
    document["curves"][0]["distractors"] = "synthetic"


def test_an_honest_result_is_valid(result: Path) -> None:
    shown = CliRunner().invoke(main, ["validate", str(result.parent)])
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "1 valid\n", "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(better, "but the evidence gives", id="value"),
        pytest.param(other_interval, "but the evidence gives", id="interval"),
        pytest.param(outside, "outside its interval", id="contradiction"),
        pytest.param(synthetic, "no generator is named", id="synthetic"),
    ],
)
def test_a_lie_is_found(
    result: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    lie(result, change)
    shown = CliRunner().invoke(main, ["validate", str(result)])
    assert shown.exit_code == 2
    assert message in shown.stderr
    assert "r.json" in shown.stderr


def test_other_evidence_is_refused(result: Path) -> None:
    evidence = next(result.parent.glob("*.npz"))
    evidence.write_bytes(evidence.read_bytes() + b"\0")
    shown = CliRunner().invoke(main, ["validate", str(result)])
    assert shown.exit_code == 2
    assert "its hash is not the one" in shown.stderr


def test_missing_evidence_is_said(result: Path) -> None:
    next(result.parent.glob("*.npz")).unlink()
    shown = CliRunner().invoke(main, ["validate", str(result)])
    assert (shown.exit_code, shown.stdout) == (0, "1 valid\n")
    assert "were not computed again" in shown.stderr
