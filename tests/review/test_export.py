"""Exported results hold the same numbers in every form."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.results.files import read_result
from fpbench.results.protocols import ProtocolInfo
from fpbench.review.export import export

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")


def test_csv_json_and_parquet_have_a_record_for_each_point() -> None:
    records = GOLDEN.records()
    assert json.loads(export([GOLDEN], "json")) == records
    rows = list(csv.DictReader(io.StringIO(export([GOLDEN], "csv").decode())))
    assert [float(row["value"]) for row in rows] == [record["value"] for record in records]
    parquet = pytest.importorskip("pyarrow.parquet")
    assert parquet.read_table(io.BytesIO(export([GOLDEN], "parquet"))).to_pylist() == records


def test_latex_has_the_best_system_first_and_escapes_names() -> None:
    curve = GOLDEN.curves[0]
    point = curve.points[-1]
    better = replace(point, value=point.ci.high, found="simulated")
    other = replace(
        GOLDEN,
        fingerprinter=replace(GOLDEN.fingerprinter, name="my_model & co"),
        curves=[replace(curve, points=[better])],
    )
    text = export([GOLDEN, other], "latex").decode()
    first, second = (
        line
        for line in text.splitlines()
        if (line.endswith(r"\\") and "spe" in line) or "my" in line
    )
    assert r"my\_model \& co" in first
    assert ")*" in first  # simulated
    assert "spectral-sketch" in second
    assert text.startswith("% HR@1")


def test_entries_for_a_model_page_say_how_a_point_was_found() -> None:
    entries = json.loads(export([GOLDEN], "eval-results", hub_dataset="org/bench"))
    point = GOLDEN.curves[0].points[0]
    assert entries[0]["dataset"]["id"] == "org/bench"
    assert entries[0]["dataset"]["task_id"].endswith(f"/{point.n_distractors}")
    assert entries[0]["value"] == round(100 * point.value, 2)
    assert entries[0]["notes"].startswith("searched; 95 % interval")
    assert len(entries) == len(GOLDEN.records())


@pytest.mark.parametrize("name", [None, "bench", "a/b/c"])
def test_entries_need_the_dataset_on_the_hub(name: str | None) -> None:
    with pytest.raises(FpbenchError, match="the dataset on the Hub"):
        export([GOLDEN], "eval-results", hub_dataset=name)


def test_lengths_of_a_protocols_queries_are_kept_apart() -> None:
    curve = GOLDEN.curves[0]
    protocol = ProtocolInfo(
        name="nafp",
        version=1,
        source="their script",
        rules="right",
        settings={},
        test_ids="all",
        test_ids_sha256="0" * 64,
        rates=[],
    )
    curves = [replace(curve, query_length_s=length_s) for length_s in (1.0, 2.0)]
    result = replace(GOLDEN, curves=curves, protocol=protocol)
    captions = [
        line
        for line in export([result], "latex").decode().splitlines()
        if line.startswith("% ") and "nafp protocol 1" in line
    ]
    assert [caption.rpartition(" of ")[2] for caption in captions] == ["1 s", "2 s"]
    entries = json.loads(export([result], "eval-results", hub_dataset="org/bench"))
    names = [entry["dataset"]["task_id"] for entry in entries]
    assert len(set(names)) == len(names)
    assert "/nafp-1/2s/hr@1/" in names[-1]
    document = json.loads(export([result], "every-eval-ever"))
    ids = [one["evaluation_result_id"] for one in document["evaluation_results"]]
    assert len(set(ids)) == len(ids)
