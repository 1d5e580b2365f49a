"""A run names wrong input, and the plugin that failed."""

import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.results.files import read_result
from fpbench.runs.config import read_config

Run = Callable[..., Result]

FPBENCH = [sys.executable, "-m", "fpbench"]


@pytest.mark.slow
def test_longer_queries_are_refused_by_a_graph(config: Path, run_on: Run) -> None:
    options = ("--query-length", 2, "--distractors", "real", "--index", "hnsw")
    shown = run_on(config, *options)
    assert shown.exit_code == 2
    assert "index 'hnsw' cannot search queries of 3 fingerprints" in shown.stderr


@pytest.mark.slow
def test_longer_queries_refuse_a_generator_without_tracks(config: Path, run_on: Run) -> None:
    shown = run_on(config, "--query-length", 2, "--generator", "gaussian")
    assert shown.exit_code == 2
    assert "--distractors real" in shown.stderr


@pytest.mark.slow
def test_what_cannot_fit_is_refused_before_it_starts(config: Path, run_on: Run) -> None:
    shown = run_on(config, "--index", "hnsw", "--sizes", "10B")
    assert shown.exit_code == 2
    assert "of memory" in shown.stderr
    assert "exact or ivfpq" in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--fingerprinter", "nafq"], "no fingerprinter is called 'nafq'", id="name"),
        pytest.param(["--sizes", "1e4,many"], "'many' is not a database size", id="sizes"),
        pytest.param(["--dataset", "folder:/nowhere"], "/nowhere", id="folder"),
        pytest.param(["--index", "flat"], "no index is called 'flat'", id="index"),
        pytest.param(["--tolerance", "soon"], "--tolerance cannot be 'soon'", id="tolerance"),
        pytest.param(["--set", "loud"], "KEY=VALUE", id="set"),
        pytest.param(["--config", "/nowhere.toml"], "cannot read /nowhere.toml", id="config"),
        pytest.param(
            ["--fingerprinter", "nafp", "--weights", "/nowhere.safetensors"],
            "/nowhere.safetensors",
            id="weights",
        ),
        pytest.param(
            ["--weights", "/nowhere.safetensors"],
            "no weights file '/nowhere.safetensors'",
            id="weights that a fingerprinter without any would not read",
        ),
        pytest.param(["--query-length", "60"], "no reference track is as long", id="length"),
        pytest.param(["--query-length", "1e6"], "no reference track is as long", id="longest"),
        pytest.param(["--query-length", "1e10"], "query_length_s", id="beyond any recording"),
        pytest.param(["--out", "result.png"], "cannot hold a result", id="out"),
        pytest.param(["--weights", __file__], "has no weights to load", id="no weights"),
        pytest.param(
            ["--distractors", "none", "--sizes", "1k"], "--sizes has no effect", id="unused sizes"
        ),
        pytest.param(
            ["--distractors", "real", "--generator", "resample"],
            "--generator has no effect",
            id="unused generator",
        ),
        pytest.param(
            ["--foreign-generator"],
            "--foreign-generator has no effect without --generator-weights",
            id="foreign generator without a generator",
        ),
    ],
)
@pytest.mark.slow
def test_wrong_input_is_named(
    tmp_path: Path, config: Path, arguments: Sequence[str], message: str, run_on: Run
) -> None:
    shown = run_on(config, *arguments)
    assert shown.exit_code == 2
    assert message in shown.stderr
    assert "Hint: " in shown.stderr
    assert "Traceback" not in shown.stderr
    assert not (tmp_path / "out" / "result.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("field", "message"),
    [
        pytest.param("fingerprintr = 'nafp'", "no field is called 'fingerprintr'", id="field"),
        pytest.param("sede = 1", "did you mean 'seed'?", id="misspelt"),
        pytest.param("seed = true", "field 'seed' cannot be True", id="switch"),
        pytest.param("seed = 'one'", "field 'seed' cannot be 'one'", id="type"),
        pytest.param("dtype = 'half'", "field 'dtype' cannot be 'half'", id="dtype"),
        pytest.param("distractors = 'fake'", "field 'distractors' cannot be 'fake'", id="word"),
        pytest.param("sizes = [10", "is not TOML", id="toml"),
        pytest.param("[recipe]\nn_queries = 0", "n_queries=0 is not positive", id="recipe"),
        pytest.param(
            "[recipe]\nn_querys = 3", "wrong.toml: no field is called 'recipe.n_querys'", id="key"
        ),
        pytest.param("sizes = '1k'", "'sizes' cannot be '1k'", id="no list"),
        pytest.param("sizes = [1, 2.5]", "field 'sizes.1' cannot be 2.5", id="list item"),
        pytest.param(
            "[generator_options]\nsteps = [1]",
            "'generator_options.steps' cannot be [1]",
            id="steps",
        ),
        pytest.param("indexes = 'exact'", "'indexes' cannot be 'exact'", id="one index"),
        pytest.param("index_options = 'x'", "'index_options' cannot be 'x'", id="no table"),
        pytest.param("sizes = [0, 10]", "sizes=[0, 10] are not positive", id="size"),
        pytest.param(
            "sizes = [20, 10]", "sizes=[20, 10] are not positive and increasing", id="order"
        ),
        pytest.param("seed = -1", "seed=-1 is negative", id="seed"),
        pytest.param("indexes = []", "indexes is empty", id="indexes"),
        pytest.param("tolerance_s = inf", "tolerance_s=inf is not finite", id="tolerance"),
        pytest.param(
            "tolerance_s = -1.0",
            "tolerance_s=-1.0 is not finite and at least 0",
            id="negative tolerance",
        ),
        pytest.param("device = 'gpu'", "field 'device' cannot be 'gpu'", id="device"),
        pytest.param("[index_options.exatc]\na = '1'", "no index is called 'exatc'", id="option"),
    ],
)
def test_a_wrong_config_is_named_by_field(
    tmp_path: Path, field: str, message: str, run: Run
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(field)
    shown = run("--config", path)
    assert shown.exit_code == 2
    assert message in shown.stderr


@pytest.mark.slow
def test_a_config_can_accept_the_whole_track(tmp_path: Path, config: Path, run_on: Run) -> None:
    own = tmp_path / "own.toml"
    own.write_text('tolerance_s = "track"\n' + config.read_text())
    shown = run_on(own, "--distractors", "none")
    assert shown.exit_code == 0, shown.stderr
    assert {c.tolerance_s for c in read_result(tmp_path / "out" / "result.json").curves} == {None}


def test_a_file_that_is_not_a_result_is_not_replaced(
    tmp_path: Path, config: Path, run: Run
) -> None:
    out = tmp_path / "generator.json"
    out.write_text('{"generator": "gaussian"}')
    shown = run("--config", config, "--out", out)
    assert shown.exit_code == 2
    assert "generator.json would be replaced by the result" in shown.stderr
    assert out.read_text() == '{"generator": "gaussian"}'


@pytest.mark.slow
def test_settings_without_effect_are_named(
    tmp_path: Path, config: Path, run_on: Run, caplog: pytest.LogCaptureFixture
) -> None:
    own = tmp_path / "own.toml"
    own.write_text('generator = "resample"\n' + config.read_text())
    shown = run_on(own, "--distractors", "real")
    assert shown.exit_code == 0, shown.stderr
    warnings = [r.message for r in caplog.records if "no effect in this run" in r.message]
    assert [message.split()[0] for message in warnings] == ["generator", "index_options.ivf"]


@pytest.mark.slow
def test_a_broken_model_is_named(tmp_path: Path, config: Path, run_on: Run) -> None:
    model = tmp_path / "broken.py"
    model.write_text(
        textwrap.dedent(
            """
            import numpy as np
            from fpbench import Entry, FingerprintSpec, hookimpl

            class NotANumber:
                spec = FingerprintSpec(sample_rate_hz=8000, segment_s=1.0, dim=4)
                def embed(self, segments, /):
                    return np.full((len(segments), 4), np.nan, dtype=np.float32)

            @hookimpl
            def fpbench_fingerprinters():
                return [Entry(name="nan", summary="", create=lambda settings: NotANumber())]
            """
        )
    )
    shown = run_on(config, "--fingerprinter", f"plugin:{model}")
    assert shown.exit_code == 2
    assert "plugin 'nan' breaks a rule: vectors must be finite" in shown.stderr


def test_a_run_writes_its_config_or_runs(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    command = ["run", "--write-config", str(path), "--queries", "2k", "--dataset", "folder:music"]
    shown = CliRunner().invoke(main, command)
    assert shown.exit_code == 0, shown.stderr
    config = read_config(path, {})
    assert (config.recipe.n_queries, config.dataset) == (2_000, "folder:music")
    refused = CliRunner().invoke(main, [*command, "--plan"])
    assert refused.exit_code == 2
    assert "--plan has no effect with --write-config" in refused.stderr
