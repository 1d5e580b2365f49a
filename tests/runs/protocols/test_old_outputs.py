"""Old outputs of the authors' scripts become results with the same hits."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.evidence.protocol_evidence import read_protocol_evidence
from fpbench.results.files import read_result

ANALYSIS = (
    "query_audio_path,query_start_segment,seq_start_idx,query_chunk_bound,seq_len,gt_track_path,"
    "pred_track_path,pred_start_segment,score\n"
    "q/1.wav,4,0,4,1,db/1.wav,db/1.wav,4,0.9\n"
    "q/1.wav,4,0,4,3,db/1.wav,db/1.wav,5,0.9\n"
    "q/1.wav,11,7,4,1,db/1.wav,db/2.wav,11,0.9\n"  # no candidate of three fingerprints
)


def adopt(file: Path, protocol: str, *typed: str) -> Result:
    command = ["adopt", str(file), "--protocol", protocol, "--name", "old", "--index", "l2"]
    return CliRunner().invoke(main, [*command, "--out", str(file.parent / "r.json"), *typed])


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    """30 queries at two lengths."""
    hits = np.random.default_rng(0).integers(0, 2, (30, 8))
    np.save(tmp_path / "raw_score.npy", hits)
    np.save(tmp_path / "test_ids.npy", np.arange(30) * 60)
    np.save(tmp_path / "db_shape.npy", (2_000, 128))
    np.save(tmp_path / "dummy_db_shape.npy", (500, 128))
    return tmp_path / "raw_score.npy"


def test_columns_are_lengths_of_metrics(scores: Path) -> None:
    hits = np.load(scores)
    np.save(scores.with_name("hit_rates.npy"), 100 * hits.mean(axis=0).reshape(4, 2))
    shown = adopt(scores, "nafp")
    assert shown.exit_code == 0, shown.output
    result = read_result(scores.with_name("r.json"))
    evidence = read_protocol_evidence(scores.with_name("r.l2.real.npz"))
    assert result.protocol is not None
    assert result.protocol.settings == {"imported": "raw_score.npy"}
    assert [rate.value for rate in result.protocol.rates] == hits.mean(axis=0).tolist()
    assert evidence.test_ids.tolist() == (np.arange(30) * 60).tolist()
    assert (result.curves[0].points[0].n_distractors, result.queries.length_s) == (500, 2.0)
    checked = CliRunner().invoke(main, ["validate", str(scores.with_name("r.json"))])
    assert (checked.exit_code, checked.stdout) == (0, "1 valid\n")


def test_other_rates_beside_are_refused(scores: Path) -> None:
    np.save(scores.with_name("hit_rates.npy"), np.full((4, 2), 50.0))
    shown = adopt(scores, "nafp")
    assert shown.exit_code == 2
    assert "has other rates than 'raw_score.npy' gives" in shown.stderr


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (("--segments", "1,3,5"), "not one column for each of 4 metrics at 3 lengths"),
        (("--segments", "3,1"), "do not increase"),
        (("--segments", "x"), "--segments cannot be 'x'"),
        (("--hop", "nan"), "is not a finite number"),
        (("--hop", "0"), "Invalid value for '--hop'"),
    ],
)
def test_other_lengths_are_refused(scores: Path, typed: tuple[str, ...], message: str) -> None:
    shown = adopt(scores, "nafp", *typed)
    assert shown.exit_code == 2
    assert message in shown.stderr


def test_an_unknown_size_is_refused(scores: Path) -> None:
    scores.with_name("db_shape.npy").unlink()
    shown = adopt(scores, "nafp")
    assert shown.exit_code == 2
    assert "give the number of fingerprints with --reference" in shown.stderr
    assert adopt(scores, "nafp", "--reference", "2000").exit_code == 0


def test_rows_of_an_analysis_are_predictions_and_absent_ones_are_misses(tmp_path: Path) -> None:
    table = tmp_path / "analysis.csv"
    table.write_text(ANALYSIS)
    shown = adopt(table, "nmfp", "--reference", "100")
    assert shown.exit_code == 0, shown.output
    result = read_result(tmp_path / "r.json")
    assert result.protocol is not None
    rates = {(rate.metric, rate.segments): rate.value for rate in result.protocol.rates}
    assert rates["track", 1] == rates["track", 3] == rates["segment_exact", 1] == 0.5
    assert (rates["segment_exact", 3], rates["segment_near", 3]) == (0.0, 0.5)
    assert {rate.rules for rate in result.protocol.rates} == {"official"}
    checked = CliRunner().invoke(main, ["validate", str(tmp_path / "r.json")])
    assert checked.exit_code == 0, checked.output


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", ANALYSIS.replace(",4,0.9", ",x,0.9")])
def test_what_is_no_analysis_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "analysis.csv").write_text(text)
    shown = adopt(tmp_path / "analysis.csv", "nmfp", "--reference", "100")
    assert shown.exit_code == 2
    assert "analysis.csv" in shown.stderr


def test_protocols_without_such_outputs_are_refused(scores: Path) -> None:
    assert "cannot be imported" in adopt(scores, "paper").stderr
    assert "no protocol is called 'x'" in adopt(scores, "x").stderr
