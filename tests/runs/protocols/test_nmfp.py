"""A stretch must lie in one track; the script's own rules lose the last one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.results.files import read_result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three tracks of 8 rows, and a query of 5 rows from the middle and the end of each."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((24, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    for name in ("database", "queries/000"):
        (tmp_path / name).mkdir(parents=True)
    rows.tofile(tmp_path / "database" / "database.mm")
    lines = ["audio_path,start_segment,end_segment,emb_dim"]
    lines += [f"db/00000{t}.wav,{8 * t},{8 * t + 8},8" for t in range(3)]
    (tmp_path / "database" / "database.csv").write_text("\n".join(lines))
    lines = ["audio_path,start_segment,end_segment"]
    for track in range(3):
        start = 1 if track == 0 else 3
        np.save(
            tmp_path / "queries" / "000" / f"00000{track}.npy",
            rows[8 * track + start : 8 * track + start + 5],
        )
        lines.append(f"q/00000{track}.wav,{start},{start + 5}")
    (tmp_path / "queries" / "queries.csv").write_text("\n".join(lines))
    return tmp_path


def evaluate(folder: Path, *typed: str) -> Result:
    command = ["run", "--dataset", f"embeddings:{folder}", "--protocol", "nmfp", "--index", "l2"]
    command += ["--cache", str(folder / "cache")]
    typed = typed if "--query-lengths" in typed else (*typed, "--query-lengths", "1,3")
    return CliRunner().invoke(main, [*command, "--out", str(folder / "r.json"), *typed])


@pytest.mark.slow
def test_the_end_of_a_track_and_the_last_one_are_lost_by_the_scripts_rules_only(
    folder: Path,
) -> None:
    shown = evaluate(folder)
    assert shown.exit_code == 0, shown.output
    result = read_result(folder / "r.json")
    assert result.protocol is not None
    rates = {(r.rules, r.metric, r.segments): r.value for r in result.protocol.rates}
    assert rates["right", "track", 5] == rates["right", "segment_exact", 5] == 1.0
    # The second track's stretch ends where the track ends; the third track is the last.
    assert rates["official", "track", 5] == pytest.approx(1 / 3)
    assert rates["official", "track", 1] == pytest.approx(2 / 3)
    assert CliRunner().invoke(main, ["validate", str(folder / "r.json")]).exit_code == 0


@pytest.mark.slow
def test_curves_count_by_the_wanted_rules(folder: Path) -> None:
    assert evaluate(folder, "--rules", "official").exit_code == 0
    result = read_result(folder / "r.json")
    assert result.curves[0].points[0].value == pytest.approx(2 / 3)
    assert CliRunner().invoke(main, ["validate", str(folder / "r.json")]).exit_code == 0


def test_test_ids_and_other_datasets_are_refused(folder: Path, run: Callable[..., Result]) -> None:
    shown = evaluate(folder, "--test-ids", "all")
    assert shown.exit_code == 2
    assert "--test-ids has no effect with protocol nmfp" in shown.stderr
    shown = run("--protocol", "nmfp", "--query-lengths", "1")
    assert shown.exit_code == 2
    assert "does not say which recordings its queries are from" in shown.stderr


def test_queries_that_are_too_short_are_refused(folder: Path) -> None:
    shown = evaluate(folder, "--query-lengths", "4")
    assert shown.exit_code == 2
    assert "no query has 7 fingerprints" in shown.stderr
