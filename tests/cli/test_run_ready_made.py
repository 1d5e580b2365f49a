"""A run on fingerprints that somebody else made."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.cli.default_out import result_stem
from fpbench.results.files import read_result

Run = Callable[..., Result]

FPBENCH = [sys.executable, "-m", "fpbench"]


def write_ready_made(folder: Path) -> None:
    """A reference, queries that hardly differ from it, and distractors."""
    rng = np.random.default_rng(0)
    for name, rows in (("db", 300), ("dummy_db", 1_000)):
        vectors = rng.standard_normal((rows, 16)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors.tofile(folder / f"{name}.mm")
        np.save(folder / f"{name}_shape.npy", vectors.shape)
        if name == "db":
            (vectors + np.float32(1e-6)).tofile(folder / "query.mm")
            np.save(folder / "query_shape.npy", vectors.shape)


@pytest.mark.slow
def test_ready_made_fingerprints_make_longer_queries(tmp_path: Path, run: Run) -> None:
    write_ready_made(tmp_path)
    dataset = ("--dataset", f"embeddings:{tmp_path}", "--distractors", "real", "--queries", 50)
    shown = run(*dataset, "--query-length", 3)
    assert shown.exit_code == 0, shown.stderr
    result = read_result(tmp_path / "out" / "result.json")
    assert (result.queries.length_s, result.curves[0].query_length_s) == (3.0, 3.0)
    point = result.curves[0].points[-1]
    # 3 s are 5 rows at a hop of 0.5 s.
    assert (point.n_reference, point.n_distractors, point.value) == (296, 996, 1.0)
    shown = run(*dataset, "--query-length", 300)
    assert shown.exit_code == 2
    assert "queries of 300 s are 599 fingerprints" in shown.stderr
    shown = run(*dataset, "--query-lengths", "1,300")
    assert shown.exit_code == 2
    assert "--query-lengths" in shown.stderr.split("Hint:")[1]


@pytest.mark.slow
@pytest.mark.parametrize("typed", [("--fingerprinter", "nafp"), ("--set", "width=1")])
def test_ready_made_fingerprints_take_no_fingerprinter(
    tmp_path: Path, typed: tuple[str, str], run: Run
) -> None:
    write_ready_made(tmp_path)
    shown = run("--dataset", f"embeddings:{tmp_path}", *typed)
    assert shown.exit_code == 2
    assert f"{typed[0]} has no effect" in shown.stderr


@pytest.mark.slow
def test_ready_made_fingerprints_run_without_a_fingerprinter(tmp_path: Path, run: Run) -> None:
    write_ready_made(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.glob("*.mm")}
    shown = run("--dataset", f"embeddings:{tmp_path}", "--sizes", "500,1k", "--queries", 50)
    assert shown.exit_code == 0, shown.stderr
    result = read_result(tmp_path / "out" / "result.json")
    assert result.fingerprinter.name == "ready-made"
    assert all(p.value == 1.0 for p in result.curves[0].points)
    # Without tracks no match is anywhere in one.
    assert {curve.tolerance_s for curve in result.curves} == {0.25}
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.slow
@pytest.mark.parametrize("hop_s", ["0", "-1"])
def test_ready_made_fingerprints_follow_each_other(tmp_path: Path, hop_s: str, run: Run) -> None:
    write_ready_made(tmp_path)
    config = tmp_path / "run.toml"
    config.write_text(f'dataset = "embeddings:{tmp_path}"\ndataset_options.hop_s = "{hop_s}"\n')
    shown = run("--config", config, "--distractors", "real", "--queries", 50)
    assert shown.exit_code == 2
    assert f"hop_s={float(hop_s)} is not positive and finite" in shown.stderr


def test_ready_made_fingerprints_have_no_tracks_to_be_right_about(tmp_path: Path, run: Run) -> None:
    write_ready_made(tmp_path)
    shown = run("--dataset", f"embeddings:{tmp_path}", "--tolerance", "track")
    assert shown.exit_code == 2
    assert "a match cannot be anywhere in the track" in shown.stderr


@pytest.mark.slow
def test_more_queries_than_there_are_and_unequal_lengths_are_said(
    tmp_path: Path, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    write_ready_made(tmp_path)
    longer = 3 * np.fromfile(tmp_path / "dummy_db.mm", dtype=np.float32)
    longer[:1_600] /= 3
    longer.tofile(tmp_path / "dummy_db.mm")
    dataset = ("--dataset", f"embeddings:{tmp_path}", "--distractors", "real")
    shown = run(*dataset, "--queries", 5_000)
    assert shown.exit_code == 0, shown.stderr
    assert "300 queries" in shown.stderr
    assert "dummy_db.mm: rows have lengths from 1 (row " in caplog.text
    assert "5000 queries are wanted" in caplog.text
    checked = CliRunner().invoke(main, ["validate", str(tmp_path / "out" / "result.json")])
    assert (checked.exit_code, checked.stdout) == (0, "1 valid\n")


@pytest.mark.slow
def test_lengths_that_are_equal_but_not_1_are_nothing_to_warn_of(
    tmp_path: Path, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    write_ready_made(tmp_path)
    for name in ("query", "db", "dummy_db"):
        (3 * np.fromfile(tmp_path / f"{name}.mm", dtype=np.float32)).tofile(tmp_path / f"{name}.mm")
    assert run("--dataset", f"embeddings:{tmp_path}", "--distractors", "real").exit_code == 0
    assert "rows have lengths" not in caplog.text


@pytest.mark.slow
def test_without_a_name_the_result_has_that_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    here = tmp_path / "my vectors"
    here.mkdir()
    write_ready_made(here)
    monkeypatch.chdir(here)

    def warnings_of(*options: str) -> list[str]:
        command = ["run", "--cache", "../cache", "--dataset", "embeddings:.", "--sizes", "500"]
        caplog.clear()
        shown = CliRunner().invoke(
            main, [*command, "--distractors", "real", "--queries", "20", *options]
        )
        assert shown.exit_code == 0, shown.output
        return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]

    assert warnings_of() == []
    assert {path.stem for path in Path("runs").glob("*.json")} == {"my vectors"}
    assert warnings_of() == []
    assert warnings_of("--seed", "1", "--plan") == []
    assert warnings_of("--seed", "1") == [
        "runs/my vectors.json is the result of another run and will be replaced; "
        "use --out FILE to keep both"
    ]
    assert read_result(Path("runs/my vectors.json")).config["seed"] == 1
    assert warnings_of("--out", "runs/my vectors.json") == []


@pytest.mark.parametrize(
    ("subject", "stem"),
    [
        pytest.param("nafp", "nafp", id="name"),
        pytest.param("plugin:models/mine.py", "mine", id="file"),
        pytest.param("embeddings:/data/fma/", "fma", id="folder"),
        pytest.param("embeddings:.", "here", id="this folder"),
        pytest.param("embeddings:..", "above", id="the folder above"),
        pytest.param("embeddings:.vectors", "vectors", id="hidden"),
        pytest.param("embeddings:/", "embeddings", id="root"),
    ],
)
def test_no_name_of_a_result_is_empty_or_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subject: str, stem: str
) -> None:
    (tmp_path / "above" / "here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "above" / "here")
    assert result_stem(subject) == stem


def test_rows_that_are_not_aligned_need_tracks(tmp_path: Path, run: Run) -> None:
    write_ready_made(tmp_path)
    np.save(tmp_path / "db_shape.npy", (150, 32))
    np.save(tmp_path / "dummy_db_shape.npy", (500, 32))
    np.save(tmp_path / "query_shape.npy", (75, 32))
    (tmp_path / "query.mm").write_bytes((tmp_path / "query.mm").read_bytes()[: 75 * 32 * 4])
    shown = run("--dataset", f"embeddings:{tmp_path}")
    assert shown.exit_code == 2
    assert "query has shape (75, 32), db has (150, 32)" in shown.stderr
