"""Comparisons as text, HTML and records say the same."""

import csv
import io
import json
from pathlib import Path

from made_comparisons import comparisons

from fpbench.review.comparison_tables import Comparisons

__all__ = ["comparisons"]


def test_text_has_a_line_for_each_pair_of_databases(comparisons: Comparisons) -> None:
    table, *notes = repr(comparisons).split("\n\n")
    heading, header, _, first, second = table.splitlines()
    assert heading == "a <b> minus c; exact, synthetic distractors (gaussian)"
    assert header.split() == ["distractors", "audio", "HR@1", "±0.25", "s"]
    assert first.split("  ")[-1] == "* +12.5 (+10.0 to +15.0)"
    assert second.strip().startswith("20 k and 10 k  ")
    assert second.endswith("  -2.0 (-5.0 to +1.0)")
    assert notes[2] == "only 10 tracks: intervals say little about other music"


def test_csv_and_json_hold_the_records(comparisons: Comparisons) -> None:
    assert json.loads(comparisons.format("json")) == comparisons.records()
    rows = list(csv.DictReader(io.StringIO(comparisons.format("csv"))))
    assert [row["difference"] for row in rows] == ["0.125", "-0.02"]
    assert rows[0]["first"] == "a <b>"


def test_latex_has_a_table_and_comments(comparisons: Comparisons) -> None:
    comment, *table = comparisons.format("latex").splitlines()
    assert comment == "% a <b> minus c; exact, synthetic distractors (gaussian)"
    assert r"\toprule" in table
    assert any(r"HR@1 $\pm$0.25 s" in line for line in table)


def test_flipped_queries_are_those_that_one_system_finds(
    comparisons: Comparisons, tmp_path: Path
) -> None:
    first, second = comparisons.flipped_queries()
    assert (first["track"], first["snr_db"]) == ("y.flac", 2.0)
    assert (first["query"], first["rank_first"], first["rank_second"]) == (1, 5, 1)
    assert (second["query"], second["rank_first"], second["rank_second"]) == (2, 1, None)
    path = tmp_path / "flipped.csv"
    comparisons.write_flipped_queries(path)
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [row["rank_second"] for row in rows] == ["1", ""]
    assert rows[0]["n_distractors_first"] == "20000"


def test_html_is_escaped(comparisons: Comparisons) -> None:
    html = comparisons._repr_html_()
    assert "a &lt;b&gt; minus c" in html
    assert html.count("<tr>") == 3
    assert "+12.5 (+10.0 to +15.0)" in html


def test_records_are_flat(comparisons: Comparisons) -> None:
    first, second = comparisons.records()
    assert first == {
        "first": "a <b>",
        "second": "c",
        "index": "exact",
        "distractors": "synthetic",
        "query_length_s": 1.0,
        "generator": "gaussian",
        "metric": "hr@1",
        "tolerance_s": 0.25,
        "n_distractors_first": 10_000,
        "n_distractors_second": 10_000,
        "difference": 0.125,
        "ci_low": 0.1,
        "ci_high": 0.15,
        "ci_level": 0.99,
        "p_value": 0.002,
        "clear": True,
        "groups": 10,
        "tests": 2,
    }
    assert second.keys() == first.keys()
    assert (second["n_distractors_first"], second["clear"]) == (20_000, False)
