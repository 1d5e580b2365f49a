"""A run measures, explains, resumes, and ends in the same bytes."""

import json
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.config import read_config
from fpbench.results import read_result

FPBENCH = [sys.executable, "-m", "fpbench"]


def run(tmp_path: Path, *arguments: object) -> Result:
    """Run with a cache and a result of its own."""
    out = tmp_path / "out" / "result.json"
    always = ["run", "--cache", tmp_path / "cache", "--out", out]
    return CliRunner().invoke(main, [str(a) for a in (*always, *arguments)])


def on(music: Path, config: Path) -> list[object]:
    return ["--config", config, "--dataset", f"folder:{music}"]


def outputs(folder: Path) -> dict[str, bytes]:
    """What a run wrote, without the command that was typed."""
    found = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    document = json.loads(found["result.json"])
    document["command"] = ""
    return {**found, "result.json": json.dumps(document).encode()}


def test_writes_a_result_that_validates(tmp_path: Path, music: Path, config: Path) -> None:
    shown = run(tmp_path, *on(music, config), "--index", "exact", "--index", "ivf")
    assert shown.exit_code == 0, shown.stderr
    assert "HR@1" in shown.stdout
    out = tmp_path / "out" / "result.json"
    result = read_result(out)
    assert [s.track for s in result.data.skipped] == ["distractors/broken.wav"]
    kinds = {(c.index, c.distractors, c.metric) for c in result.curves}
    assert len(kinds) == 2 * 2 * 3
    assert {c.tolerance_s for c in result.curves} == {0.25, None}
    real = next(c for c in result.curves if c.distractors == "real" and c.index == "exact")
    # 16 tracks of 10 s at a hop of 0.5 s have 19 segments each.
    assert [p.n_distractors for p in real.points] == [100, 200, 304]
    assert real.points[0].repeats == 3
    assert real.points[0].value > 0.9
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    checked = CliRunner().invoke(main, ["validate", str(out)])
    assert (checked.exit_code, checked.stdout) == (0, "1 valid\n")


def test_a_second_run_writes_the_same_bytes_without_searching_again(
    tmp_path: Path, music: Path, config: Path
) -> None:
    assert run(tmp_path, *on(music, config)).exit_code == 0
    first = outputs(tmp_path / "out")
    cells = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.npz")}
    assert run(tmp_path, *on(music, config)).exit_code == 0
    assert outputs(tmp_path / "out") == first
    again = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.npz")}
    assert again == cells


def test_answers_of_a_graph_belong_to_all_its_sizes(
    tmp_path: Path, music: Path, config: Path
) -> None:
    options = ("--distractors", "synthetic", "--index", "hnsw")
    assert run(tmp_path, *on(music, config), *options, "--sizes", "1k,3k").exit_code == 0
    assert run(tmp_path, *on(music, config), *options, "--sizes", "3k").exit_code == 0
    after = outputs(tmp_path / "out")
    assert run(tmp_path / "fresh", *on(music, config), *options, "--sizes", "3k").exit_code == 0
    fresh = outputs(tmp_path / "fresh" / "out")
    evidence = [name for name in fresh if name.endswith(".npz")]
    assert evidence
    assert all(after[name] == fresh[name] for name in evidence)


@pytest.mark.parametrize("index", ["exact", "hnsw", "faiss:Flat"])
def test_every_kind_of_index_runs(tmp_path: Path, music: Path, config: Path, index: str) -> None:
    shown = run(tmp_path, *on(music, config), "--distractors", "real", "--index", index)
    assert shown.exit_code == 0, shown.stderr
    result = read_result(tmp_path / "out" / "result.json")
    assert {c.index for c in result.curves} == {index}
    assert result.curves[0].points[-1].value > 0.9
    assert result.status == "partial"  # 1000 real ones were asked for


@pytest.mark.parametrize("index", ["exact", "hnsw"])
def test_the_reference_alone_can_be_measured(
    tmp_path: Path, music: Path, config: Path, index: str
) -> None:
    shown = run(tmp_path, *on(music, config), "--distractors", "none", "--index", index)
    assert shown.exit_code == 0, shown.stderr
    result = read_result(tmp_path / "out" / "result.json")
    assert [p.n_distractors for p in result.curves[0].points] == [0]


def test_longer_queries_are_searched_as_runs(tmp_path: Path, music: Path, config: Path) -> None:
    shown = run(tmp_path, *on(music, config), "--query-length", 2, "--distractors", "real")
    assert shown.exit_code == 0, shown.stderr
    curve = read_result(tmp_path / "out" / "result.json").curves[0]
    # 2 s are 3 segments, so a track of 19 has 17 runs.
    assert curve.points[0].n_reference == 8 * 17
    assert curve.points[-1].n_distractors == 16 * 17
    assert curve.points[-1].value == 1.0


def test_longer_queries_are_searched_in_codes_too(
    tmp_path: Path, music: Path, config: Path
) -> None:
    small = tmp_path / "small.toml"
    small.write_text(
        config.read_text() + '\n[index_options.ivfpq]\nnlist = "4"\nparts = "8"\nbits = "4"\n'
    )
    options = ("--query-length", 2, "--distractors", "real", "--index", "ivfpq")
    shown = run(tmp_path, *on(music, small), *options)
    assert shown.exit_code == 0, shown.stderr
    curve = read_result(tmp_path / "out" / "result.json").curves[0]
    assert curve.points[-1].n_distractors == 16 * 17
    assert curve.points[-1].value > 0.9
    checked = CliRunner().invoke(main, ["validate", str(tmp_path / "out" / "result.json")])
    assert checked.exit_code == 0, checked.output


def test_longer_queries_are_refused_by_a_graph(tmp_path: Path, music: Path, config: Path) -> None:
    options = ("--query-length", 2, "--distractors", "real", "--index", "hnsw")
    shown = run(tmp_path, *on(music, config), *options)
    assert shown.exit_code == 2
    assert "queries of 3 fingerprints need an index that works block by block" in shown.stderr


DEGRADATION = """
import numpy as np
from fpbench import Entry, hookimpl

class Hum:
    context_s, tempo, recordings = 0.0, 1.0, ()
    def apply(self, samples, context, sample_rate_hz, rng, /):
        LINE

@hookimpl
def fpbench_degradations():
    return [Entry(name="hum", summary="", create=lambda settings: Hum())]
"""


def test_queries_are_made_anew_when_a_degradation_changes(
    tmp_path: Path, music: Path, config: Path
) -> None:
    hum = tmp_path / "hum.py"
    own = tmp_path / "own.toml"
    own.write_text(config.read_text().replace('name = "gain"', f'name = "plugin:{hum}"'))

    places = ("--distractors", "real", "--cache", tmp_path / "cache", "--out", tmp_path / "r.json")

    def hit_rate(line: str) -> float:
        hum.write_text(DEGRADATION.replace("LINE", line))
        shown = subprocess.run(
            [*FPBENCH, "run", *map(str, on(music, own)), *map(str, places)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert shown.returncode == 0, shown.stderr
        return read_result(tmp_path / "r.json").curves[0].points[-1].value

    assert hit_rate("return samples") == 1.0
    assert hit_rate("return rng.standard_normal(len(samples)).astype(np.float32)") < 0.5


def test_queries_are_made_anew_when_their_noise_changes(
    tmp_path: Path, music: Path, config: Path
) -> None:
    own = tmp_path / "own.toml"
    step = f'name = "noise"\nfolder = "{tmp_path}"\nmin_snr_db = "-20"\nmax_snr_db = "-20"'
    own.write_text(config.read_text().replace('name = "gain"', step))
    keys = []
    for seed in range(2):
        noise = np.random.default_rng(seed).uniform(-1, 1, 16_000)
        soundfile.write(tmp_path / "noise.wav", noise, 16_000)
        assert run(tmp_path, *on(music, own), "--distractors", "none").exit_code == 0
        keys.append({path.name for path in (tmp_path / "cache" / "queries").rglob("*.npz")})
    assert len(keys[1]) == 2 * len(keys[0])


def test_a_broken_degradation_is_blamed_by_name(tmp_path: Path, music: Path, config: Path) -> None:
    hum, own = tmp_path / "hum.py", tmp_path / "own.toml"
    hum.write_text(DEGRADATION.replace("LINE", "raise KeyError('oops')"))
    own.write_text(config.read_text().replace('name = "gain"', f'name = "plugin:{hum}"'))
    shown = run(tmp_path, *on(music, own))
    assert shown.exit_code == 2
    assert (
        f"degradation 'plugin:{hum}' failed while degrading a query: KeyError: 'oops'"
        in shown.stderr
    )


def test_runs_cannot_meet_synthetic_distractors(tmp_path: Path, music: Path, config: Path) -> None:
    shown = run(tmp_path, *on(music, config), "--query-length", 2, "--distractors", "synthetic")
    assert shown.exit_code == 2
    assert "--distractors real" in shown.stderr


def write_ready_made(folder: Path) -> None:
    """A reference that is its own query, and distractors."""
    rng = np.random.default_rng(0)
    for name, rows in (("db", 300), ("dummy_db", 1_000)):
        vectors = rng.standard_normal((rows, 16)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors.tofile(folder / f"{name}.mm")
        np.save(folder / f"{name}_shape.npy", vectors.shape)
        if name == "db":
            vectors.tofile(folder / "query.mm")
            np.save(folder / "query_shape.npy", vectors.shape)


def test_ready_made_fingerprints_make_longer_queries(tmp_path: Path) -> None:
    write_ready_made(tmp_path)
    dataset = ("--dataset", f"embeddings:{tmp_path}", "--distractors", "real", "--queries", 50)
    shown = run(tmp_path, *dataset, "--query-length", 3)
    assert shown.exit_code == 0, shown.stderr
    result = read_result(tmp_path / "out" / "result.json")
    assert (result.queries.length_s, result.curves[0].query_length_s) == (3.0, 3.0)
    point = result.curves[0].points[-1]
    # 3 s are 5 rows at a hop of 0.5 s.
    assert (point.n_reference, point.n_distractors, point.value) == (296, 996, 1.0)
    shown = run(tmp_path, *dataset, "--query-length", 300)
    assert shown.exit_code == 2
    assert "queries of 300 s are 599 fingerprints" in shown.stderr


@pytest.mark.parametrize("typed", [("--fingerprinter", "nafp"), ("--set", "width=1")])
def test_ready_made_fingerprints_take_no_fingerprinter(
    tmp_path: Path, typed: tuple[str, str]
) -> None:
    write_ready_made(tmp_path)
    shown = run(tmp_path, "--dataset", f"embeddings:{tmp_path}", *typed)
    assert shown.exit_code == 2
    assert f"{typed[0]} does nothing" in shown.stderr


def test_ready_made_fingerprints_run_without_a_fingerprinter(tmp_path: Path) -> None:
    write_ready_made(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.glob("*.mm")}
    shown = run(
        tmp_path, "--dataset", f"embeddings:{tmp_path}", "--sizes", "500,1k", "--queries", 50
    )
    assert shown.exit_code == 0, shown.stderr
    result = read_result(tmp_path / "out" / "result.json")
    assert result.fingerprinter.name == "ready-made"
    assert all(p.value == 1.0 for p in result.curves[0].points)
    assert {path: path.read_bytes() for path in before} == before


def test_a_plan_says_what_it_takes_and_writes_nothing(
    tmp_path: Path, music: Path, config: Path
) -> None:
    shown = run(tmp_path, *on(music, config), "--plan")
    assert shown.exit_code == 0, shown.stderr
    assert "search exact" in shown.stdout
    assert "fit gaussian" in shown.stdout
    assert "draw gaussian" in shown.stdout
    assert "memory" in shown.stdout
    assert not (tmp_path / "out").exists()


def test_what_cannot_fit_is_refused_before_it_starts(
    tmp_path: Path, music: Path, config: Path
) -> None:
    shown = run(tmp_path, *on(music, config), "--index", "hnsw", "--sizes", "10B")
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
        pytest.param(["--query-length", "60"], "no reference track is as long", id="length"),
        pytest.param(["--query-length", "1e9"], "no reference track is as long", id="longest"),
        pytest.param(["--query-length", "nan"], "query_length_s=nan", id="nan"),
        pytest.param(["--out", "result.png"], "cannot hold a result", id="out"),
        pytest.param(["--weights", __file__], "has no weights to load", id="no weights"),
        pytest.param(
            ["--distractors", "none", "--sizes", "1k"], "--sizes does nothing", id="idle sizes"
        ),
        pytest.param(
            ["--distractors", "real", "--generator", "resample"],
            "--generator does nothing",
            id="idle generator",
        ),
    ],
)
def test_wrong_input_is_named(
    tmp_path: Path, music: Path, config: Path, arguments: Sequence[str], message: str
) -> None:
    shown = run(tmp_path, *on(music, config), *arguments)
    assert shown.exit_code == 2
    assert message in shown.stderr
    assert "Hint: " in shown.stderr
    assert "Traceback" not in shown.stderr
    assert not (tmp_path / "out" / "result.json").exists()


@pytest.mark.parametrize(
    ("field", "message"),
    [
        pytest.param("fingerprintr = 'nafp'", "no field is called 'fingerprintr'", id="field"),
        pytest.param("seed = 'one'", "field 'seed' cannot be 'one'", id="type"),
        pytest.param("dtype = 'half'", "field 'dtype' cannot be 'half'", id="dtype"),
        pytest.param("distractors = 'fake'", "field 'distractors' cannot be 'fake'", id="word"),
        pytest.param("sizes = [10", "is not TOML", id="toml"),
        pytest.param("[recipe]\nn_queries = 0", "n_queries=0 is not positive", id="recipe"),
        pytest.param("sizes = [0, 10]", "sizes=[0, 10] are not positive", id="size"),
        pytest.param("sizes = [20, 10]", "sizes=[20, 10] are not positive and growing", id="order"),
        pytest.param("seed = -1", "seed=-1 is negative", id="seed"),
        pytest.param("indexes = []", "indexes is empty", id="indexes"),
        pytest.param("tolerance_s = inf", "tolerance_s=inf is no time", id="tolerance"),
        pytest.param("tolerance_s = -1.0", "tolerance_s=-1.0 is no time", id="negative tolerance"),
        pytest.param("device = 'gpu'", "field 'device' cannot be 'gpu'", id="device"),
        pytest.param("[index_options.exatc]\na = '1'", "no index is called 'exatc'", id="option"),
    ],
)
def test_a_wrong_config_is_named_by_field(tmp_path: Path, field: str, message: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(field)
    shown = run(tmp_path, "--config", path)
    assert shown.exit_code == 2
    assert message in shown.stderr


def test_typed_settings_are_added_to_those_of_the_config(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[fingerprinter_options]\nwidth = "16"\noverlap = "0.5"\n')
    config = read_config(own, {"fingerprinter_options": {"width": "8"}})
    assert config.fingerprinter_options == {"width": "8", "overlap": "0.5"}


def test_a_config_can_ask_for_the_whole_track(tmp_path: Path, music: Path, config: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('tolerance_s = "track"\n' + config.read_text())
    shown = run(tmp_path, *on(music, own), "--distractors", "none")
    assert shown.exit_code == 0, shown.stderr
    assert {c.tolerance_s for c in read_result(tmp_path / "out" / "result.json").curves} == {None}


def test_a_broken_model_is_blamed_by_name(tmp_path: Path, music: Path, config: Path) -> None:
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
    shown = run(tmp_path, *on(music, config), "--fingerprinter", f"plugin:{model}")
    assert shown.exit_code == 2
    assert "plugin 'nan' breaks a rule: vectors are finite" in shown.stderr


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_to_the_same_bytes(
    tmp_path: Path, music: Path, config: Path
) -> None:
    arguments = [str(a) for a in (*on(music, config), "--index", "exact", "--sizes", "1e4,1e5")]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    started = time.perf_counter()
    with _started(whole, arguments) as process:
        assert process.wait() == 0
    duration_s = time.perf_counter() - started
    for share in (0.4, 0.6, 0.8, 0.9):
        with _started(killed, arguments) as process:
            time.sleep(share * duration_s)
            process.send_signal(signal.SIGKILL)
    with _started(killed, arguments) as process:
        assert process.wait() == 0
    assert outputs(killed / "out") == outputs(whole / "out")


@pytest.mark.slow
def test_ctrl_c_stops_without_a_traceback(tmp_path: Path, music: Path, config: Path) -> None:
    arguments = [str(a) for a in (*on(music, config), "--sizes", "1e9")]
    with _started(tmp_path, arguments, stderr=subprocess.PIPE) as process:
        time.sleep(6)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"goes on from what is finished" in errors
    assert b"Traceback" not in errors


def _started(
    folder: Path, arguments: Sequence[str], stderr: int = subprocess.DEVNULL
) -> "subprocess.Popen[bytes]":
    always = ["run", "--cache", str(folder / "cache"), "--out", str(folder / "out" / "result.json")]
    return subprocess.Popen(
        [*FPBENCH, *always, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        stdin=subprocess.DEVNULL,
        # A shell's background job ignores Ctrl-C and hands that down.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
