"""Every number of a result follows from its evidence, or validate says which does not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
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


def no_evidence(document: dict[str, Any]) -> None:
    document["evidence"] = []


def invented(document: dict[str, Any]) -> None:
    document["curves"].append({**document["curves"][0], "index": "ivfpq"})


def more_queries(document: dict[str, Any]) -> None:
    document["queries"]["n"] = 100_000


def other_tracks(document: dict[str, Any]) -> None:
    document["queries"]["tracks"] += 1


def other_generator(document: dict[str, Any]) -> None:
    document["generator"] = {
        "name": "rectified-flow",
        "distribution": "fpbench-audio",
        "version": "1",
        "options": {},
        "parameters": {},
        "fitted_fingerprints": 100,
        "weights_sha256": "0" * 64,
    }


def other_name(document: dict[str, Any]) -> None:
    document["fingerprinter"]["name"] = "mine"


def more_queries_everywhere(document: dict[str, Any]) -> None:
    document["queries"]["n"] = 100_000
    for curve in document["curves"]:
        for point in curve["points"]:
            point["n_queries"] = 100_000


def more_queries_in_the_recipe(document: dict[str, Any]) -> None:
    document["queries"]["recipe"]["n_queries"] = 100_000


def more_queries_in_the_config(document: dict[str, Any]) -> None:
    document["config"]["recipe"]["n_queries"] = 100_000


def louder_noise(document: dict[str, Any]) -> None:
    document["queries"]["recipe"]["degradations"] = [{"name": "noise", "max_snr_db": "0"}]


def no_recipe(document: dict[str, Any]) -> None:
    document["config"]["recipe"] = None


def a_curve_twice(document: dict[str, Any]) -> None:
    document["curves"].append(document["curves"][0])


def complete(document: dict[str, Any]) -> None:
    document["status"] = "complete"


def all_that_was_wanted(document: dict[str, Any]) -> None:
    document["config"]["sizes"] = [100, 200]


def sizes_in_words(document: dict[str, Any]) -> None:
    document["config"]["sizes"] = ["all"]


def longer_queries(document: dict[str, Any]) -> None:
    document["curves"][0]["query_length_s"] = 9.0


def larger_reference(document: dict[str, Any]) -> None:
    document["curves"][0]["points"][0]["n_reference"] *= 10


def other_hours(document: dict[str, Any]) -> None:
    document["curves"][0]["points"][0]["hours"] *= 2


def unknown_size(document: dict[str, Any]) -> None:
    hop_s = document["fingerprinter"]["hop_s"]
    point = document["curves"][0]["points"][0]
    point["n_distractors"] += 1
    point["hours"] += hop_s / 3600


def no_number(document: dict[str, Any]) -> None:
    document["curves"][0]["points"][0]["hours"] = float("nan")


def no_seed(document: dict[str, Any]) -> None:
    del document["config"]["seed"]


def last_bit(document: dict[str, Any]) -> None:
    interval = document["curves"][0]["points"][0]["ci"]
    interval["low"] = float(np.nextafter(interval["low"], 0))


def a_point_less(document: dict[str, Any]) -> None:
    del document["curves"][0]["points"][0]


def generator_of_a_file(document: dict[str, Any]) -> None:
    other_generator(document)
    document["config"]["generator"] = "plugin:flows/mine.py"


def test_an_honest_result_is_valid(result: Path) -> None:
    shown = CliRunner().invoke(main, ["validate", str(result.parent)])
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "1 valid\n", "")


def test_the_record_of_a_fit_is_left_out_of_a_folder_and_refused_by_name(
    result: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = result.with_name("g.json")
    record.write_text('{"generator": "gaussian"}')
    shown = CliRunner().invoke(main, ["validate", str(result.parent)])
    assert (shown.exit_code, shown.stdout) == (0, "1 valid\n")
    assert f"left out, as no results: {record}" in caplog.text
    shown = CliRunner().invoke(main, ["validate", str(record)])
    assert shown.exit_code == 2
    assert "g.json: field 'status' is missing" in shown.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(better, "but the evidence gives", id="value"),
        pytest.param(other_interval, "but the evidence gives", id="interval"),
        pytest.param(outside, "outside its interval", id="contradiction"),
        pytest.param(synthetic, "no evidence is listed", id="synthetic"),
        pytest.param(no_evidence, "no evidence is listed", id="no evidence"),
        pytest.param(invented, "no evidence is listed", id="invented curve"),
        pytest.param(more_queries, "but queries.n is 100000", id="queries"),
        pytest.param(other_tracks, "but the evidence", id="tracks"),
        pytest.param(longer_queries, "query_length_s is 9", id="query length"),
        pytest.param(larger_reference, "but data.reference_fingerprints is", id="reference"),
        pytest.param(other_hours, "hours is", id="hours"),
        pytest.param(unknown_size, "no database of", id="size"),
        pytest.param(no_number, "NaN is not a number", id="nan"),
        pytest.param(other_generator, "generator.name is 'rectified-flow'", id="generator"),
        pytest.param(other_name, "fingerprinter.name is 'mine'", id="fingerprinter"),
        pytest.param(more_queries_everywhere, "queries.n is 100000", id="queries of config"),
        pytest.param(more_queries_in_the_recipe, "n_queries is 100000", id="queries of recipe"),
        pytest.param(
            more_queries_in_the_config, "but config.recipe.n_queries is 100000", id="wanted"
        ),
        pytest.param(louder_noise, "queries.recipe.degradations is [{'name'", id="noise"),
        pytest.param(no_recipe, "config.recipe is None", id="recipe"),
        pytest.param(a_curve_twice, "it is listed twice", id="twice"),
        pytest.param(complete, "status is complete, but", id="complete"),
        pytest.param(all_that_was_wanted, "status is partial, but", id="partial"),
        pytest.param(sizes_in_words, "config.sizes is ['all']", id="wanted sizes"),
        pytest.param(no_seed, "config.seed is None", id="seed"),
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


@pytest.mark.parametrize("change", [last_bit, a_point_less, generator_of_a_file])
def test_what_is_no_lie_passes(result: Path, change: Callable[[dict[str, Any]], None]) -> None:
    lie(result, change)
    shown = CliRunner().invoke(main, ["validate", str(result)])
    assert (shown.exit_code, shown.stdout) == (0, "1 valid\n")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--distractors", "none"], id="none"),
        pytest.param(["--distractors", "real", "--sizes", "100"], id="complete"),
        pytest.param(["--distractors", "real", "--fingerprinter", "plugin:{file}"], id="file"),
    ],
)
def test_another_honest_result_is_valid(
    tmp_path: Path, run_on: Callable[..., Any], config: Path, arguments: list[str]
) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    filled = [argument.format(file=tmp_path / "mine.py") for argument in arguments]
    shown = run_on(config, *filled)
    assert shown.exit_code == 0, shown.stderr
    shown = CliRunner().invoke(main, ["validate", str(tmp_path / "out" / "result.json")])
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "1 valid\n", "")


def test_a_result_under_another_name_is_still_checked(result: Path) -> None:
    other = result.rename(result.with_name("other.json"))
    assert CliRunner().invoke(main, ["validate", str(other)]).stdout == "1 valid\n"
    lie(other, better)
    assert "but the evidence gives" in CliRunner().invoke(main, ["validate", str(other)]).stderr


def test_other_evidence_is_refused(result: Path) -> None:
    evidence = next(result.parent.glob("*.npz"))
    evidence.write_bytes(evidence.read_bytes() + b"\0")
    shown = CliRunner().invoke(main, ["validate", str(result)])
    assert shown.exit_code == 2
    assert "its SHA-256 differs from the one" in shown.stderr


def test_missing_evidence_is_said(result: Path) -> None:
    next(result.parent.glob("*.npz")).unlink()
    shown = CliRunner().invoke(main, ["validate", str(result)])
    assert (shown.exit_code, shown.stdout) == (0, "1 valid\n")
    assert "were not computed again" in shown.stderr
