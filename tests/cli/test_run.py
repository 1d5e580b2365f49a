"""A run measures, explains, resumes, and ends in the same bytes."""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.results.files import read_result

Run = Callable[..., Result]

FPBENCH = [sys.executable, "-m", "fpbench"]


def outputs(folder: Path) -> dict[str, bytes]:
    """What a run wrote, without the command line and the costs.

    A kill may leave a hidden temporary file, which a later run removes after an hour.
    """
    visible = (path for path in sorted(folder.iterdir()) if not path.name.startswith("."))
    found = {path.name: path.read_bytes() for path in visible}
    document = json.loads(found["result.json"])
    document["command"] = ""
    for name in ("costs", "result_id"):
        del document[name]
    return {**found, "result.json": json.dumps(document).encode()}


def test_writes_a_result_that_validates(finished: Path) -> None:
    assert "HR@1" in (finished / "stdout").read_text()
    out = finished / "out" / "result.json"
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


def test_what_is_written_names_no_folder_of_the_user(finished: Path, music: Path) -> None:
    out = finished / "out"
    for file in out.iterdir():
        for folder in (music, finished):
            assert str(folder).encode() not in file.read_bytes()
    result = read_result(out / "result.json")
    assert result.data.name == result.config["dataset"] == f"folder:{music.name}"
    assert result.config["fingerprinter"] == "plugin:small_sketch.py"
    assert result.fingerprinter.distribution == "small_sketch.py"
    assert result.config["folders_left_out"] == ["fingerprinter", "dataset"]
    shown = CliRunner().invoke(main, ["run", "--config", str(out / "result.json"), "--plan"])
    assert shown.exit_code == 2
    assert "and does not say in which folder it was" in shown.stderr


@pytest.mark.slow
def test_a_second_run_writes_the_same_bytes_without_searching_again(
    tmp_path: Path, finished: Path, config: Path, run_on: Run, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(finished / "cache", tmp_path / "cache")
    arrays = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.npz")}
    typed = ("--index", "exact", "--index", "ivf", "--cache", tmp_path / "cache")
    assert run_on(config, *typed).exit_code == 0
    assert outputs(tmp_path / "out") == outputs(finished / "out")
    again = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.npz")}
    assert again == arrays
    assert "skipped 1 recordings; the first is distractors/broken.wav" in caplog.text


@pytest.mark.slow
def test_a_copy_among_the_distractors_is_no_wrong_answer(
    tmp_path: Path, config: Path, run: Run, music: Path
) -> None:
    shutil.copytree(music, tmp_path / "music")
    shutil.copy(music / "reference" / "00.wav", tmp_path / "music" / "distractors" / "again.wav")
    hits = []
    for folder in (music, tmp_path / "music"):
        typed = ("--dataset", f"folder:{folder}", "--distractors", "real")
        assert run("--config", config, *typed).exit_code == 0
        result = read_result(tmp_path / "out" / "result.json")
        hits.append([point.value for curve in result.curves for point in curve.points])
    assert hits[0] == hits[1]
    copy = next(s for s in result.data.skipped if s.track == "distractors/again.wav")
    assert copy.reason == "the same audio as reference/00.wav"


@pytest.mark.slow
def test_answers_of_a_graph_belong_to_all_its_sizes(
    tmp_path: Path, config: Path, run_on: Run
) -> None:
    options = ("--distractors", "real", "--index", "hnsw")
    used = ("--cache", tmp_path / "cache")
    assert run_on(config, *options, "--sizes", "100,200", *used).exit_code == 0
    assert run_on(config, *options, "--sizes", "200", *used).exit_code == 0
    after = outputs(tmp_path / "out")
    places = ("--cache", tmp_path / "fresh", "--out", tmp_path / "new" / "result.json")
    assert run_on(config, *options, "--sizes", "200", *places).exit_code == 0
    fresh = outputs(tmp_path / "new")
    evidence = [name for name in fresh if name.endswith(".npz")]
    assert evidence
    assert all(after[name] == fresh[name] for name in evidence)


@pytest.mark.slow
def test_a_graph_among_synthetic_distractors_holds_no_real_ones(
    tmp_path: Path, finished: Path, config: Path, run_on: Run
) -> None:
    # The finished run has fitted and judged the generator, and has asked no graph.
    found = []
    for distractors in ("both", "synthetic"):
        folder = tmp_path / distractors
        shutil.copytree(finished / "cache", folder / "cache")
        places = ("--cache", folder / "cache", "--out", folder / "r.json")
        options = ("--index", "hnsw", "--sizes", "1k", "--distractors", distractors)
        assert run_on(config, *options, *places).exit_code == 0
        curves = read_result(folder / "r.json").curves
        found.append([c.points[-1].value for c in curves if c.distractors == "synthetic"])
    assert found[0] == found[1]


@pytest.mark.slow
def test_every_kind_of_index_runs(tmp_path: Path, config: Path, run_on: Run) -> None:
    names = ("exact", "hnsw", "faiss:Flat")
    shown = run_on(config, "--distractors", "real", *(f"--index={name}" for name in names))
    assert shown.exit_code == 0, shown.stderr
    result = read_result(tmp_path / "out" / "result.json")
    assert {c.index for c in result.curves} == set(names)
    assert all(c.points[-1].value > 0.9 for c in result.curves)
    assert result.status == "partial"  # 1000 real ones were asked for


@pytest.mark.slow
def test_the_reference_alone_can_be_measured(tmp_path: Path, config: Path, run_on: Run) -> None:
    shown = run_on(config, "--distractors", "none", "--index", "exact", "--index", "hnsw")
    assert shown.exit_code == 0, shown.stderr
    result = read_result(tmp_path / "out" / "result.json")
    assert {c.index for c in result.curves} == {"exact", "hnsw"}
    assert {p.n_distractors for c in result.curves for p in c.points} == {0}


@pytest.mark.slow
def test_longer_queries_are_searched_as_runs(tmp_path: Path, config: Path, run_on: Run) -> None:
    shown = run_on(config, "--query-length", 2, "--distractors", "real")
    assert shown.exit_code == 0, shown.stderr
    curve = read_result(tmp_path / "out" / "result.json").curves[0]
    # 2 s are 3 segments, so a track of 19 has 17 runs.
    assert curve.points[0].n_reference == 8 * 17
    assert curve.points[-1].n_distractors == 16 * 17
    assert curve.points[-1].value == 1.0


@pytest.mark.slow
def test_longer_queries_are_searched_in_codes_too(
    tmp_path: Path, config: Path, run_on: Run
) -> None:
    small = tmp_path / "small.toml"
    small.write_text(
        config.read_text() + '\n[index_options.ivfpq]\nnlist = "4"\nparts = "8"\nbits = "4"\n'
    )
    options = ("--query-length", 2, "--distractors", "real", "--index", "ivfpq")
    shown = run_on(small, *options)
    assert shown.exit_code == 0, shown.stderr
    curve = read_result(tmp_path / "out" / "result.json").curves[0]
    assert curve.points[-1].n_distractors == 16 * 17
    assert curve.points[-1].value > 0.9
    checked = CliRunner().invoke(main, ["validate", str(tmp_path / "out" / "result.json")])
    assert checked.exit_code == 0, checked.output


@pytest.mark.slow
def test_a_plan_says_what_it_takes_and_writes_nothing(
    tmp_path: Path, config: Path, run_on: Run
) -> None:
    shown = run_on(config, "--plan")
    assert shown.exit_code == 0, shown.stderr
    assert "search exact" in shown.stdout
    assert "fit gaussian" in shown.stdout
    assert "draw gaussian" in shown.stdout
    assert "memory" in shown.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_to_the_same_bytes(
    tmp_path: Path, music: Path, config: Path
) -> None:
    dataset = ["--config", str(config), "--dataset", f"folder:{music}"]
    arguments = [*dataset, "--index", "exact", "--sizes", "1e4,2e4,3e4"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for kind in ("tracks", "queries", "evidence"):  # while these are made
        with _started(killed, arguments) as process:
            while not list((killed / "cache" / kind).rglob("*.npz")):
                assert process.poll() is None
                time.sleep(0.001)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
    for folder in (killed, whole):
        shown = CliRunner().invoke(main, ["run", *places(folder), *arguments])
        assert shown.exit_code == 0, shown.output
    assert outputs(killed / "out") == outputs(whole / "out")


@pytest.mark.slow
def test_ctrl_c_stops_without_a_traceback(tmp_path: Path, music: Path, config: Path) -> None:
    arguments = ["--config", str(config), "--dataset", f"folder:{music}", "--sizes", "1e9"]
    with _started(tmp_path, arguments, stderr=subprocess.PIPE) as process:
        while process.poll() is None and not (tmp_path / "cache" / "evidence").exists():
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Run the same command again to continue" in errors
    assert b"Traceback" not in errors


def places(folder: Path) -> list[str]:
    return ["--cache", str(folder / "cache"), "--out", str(folder / "out" / "result.json")]


@contextlib.contextmanager
def _started(
    folder: Path, arguments: Sequence[str], stderr: int = subprocess.DEVNULL
) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(
        [*FPBENCH, "run", *places(folder), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        stdin=subprocess.DEVNULL,
        # A shell's background job ignores Ctrl-C and hands that down.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        try:
            yield process
        finally:
            process.kill()
