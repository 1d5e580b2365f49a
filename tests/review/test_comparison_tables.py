"""Comparisons as text, HTML and records say the same."""

import csv
import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import pytest

from fpbench.results.files import read_result
from fpbench.review.comparison import Comparison
from fpbench.review.comparison_tables import Comparisons
from fpbench.review.differences import Difference
from fpbench.review.false_reject_differences import FalseRejectDifference
from fpbench.review.flipped_queries import PairedRanks

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
POINT = GOLDEN.curves[0].points[0]


def difference(value: float, low: float, high: float, n: int = 10_000) -> Difference:
    point = dataclasses.replace(POINT, n_distractors=n)
    return Difference(
        metric="hr@1",
        tolerance_s=0.25,
        points=(point, POINT),
        rates=(0.5 + value, 0.5),
        value=value,
        low=low,
        high=high,
        p_value=0.002 if low > 0 else 0.4,
        clear=low > 0,
    )


@pytest.fixture
def comparisons() -> Comparisons:
    one = Comparison(
        names=("a <b>", "c"),
        places=(0, 1),
        results=(GOLDEN, GOLDEN),
        index="exact",
        distractors="synthetic",
        generator="gaussian",
        queries=GOLDEN.queries,
        differences=[difference(0.125, 0.1, 0.15), difference(-0.02, -0.05, 0.01, n=20_000)],
        ranks=[
            PairedRanks(
                tolerance_s=0.25,
                n_distractors=(20_000, 10_000),
                first=np.array([0, 4, 0]),
                second=np.array([0, 0, 20]),
                shortlists=(20, 20),
            )
        ],
        columns={"track": ["x.flac", "y.flac", "z.flac"], "snr_db": [1.0, 2.0, 3.0]},
    )
    return Comparisons([one], 0.99)


def test_text_has_a_line_for_each_pair_of_databases(comparisons: Comparisons) -> None:
    table, *gaps, few, note = repr(comparisons).split("\n\n")
    assert few == "only 10 tracks: intervals say little about other music"
    heading, header, _, first, second = table.splitlines()
    assert heading == "a <b> minus c; exact, synthetic distractors (gaussian)"
    assert header.split() == ["distractors", "audio", "HR@1", "±0.25", "s"]
    assert first.split("  ")[-1] == "* +12.5 (+10.0 to +15.0)"
    assert second.strip().startswith("20 k and 10 k  ")
    assert second.endswith("  -2.0 (-5.0 to +1.0)")
    assert gaps == [
        f"gaussian minus real distractors, {name}, exact, in points: not measured"
        for name in ("a <b>", "c")
    ]
    assert " ".join(note.splitlines()) == (
        "100 queries of 1 s from 10 tracks; points, with 99 % intervals (paired, over tracks; "
        "2 in all, not corrected); "
        "* one is better (sign-flip test at 1 %, Holm-corrected for 2 tests)"
    )


def test_text_has_at_most_100_columns(comparisons: Comparisons) -> None:
    (one,) = comparisons
    differences = [
        dataclasses.replace(d, metric=f"hr@{k}", tolerance_s=tolerance_s)
        for k in (1, 3, 10)
        for tolerance_s in (0.25, None)
        for d in one.differences
    ]
    long = "a system with a name of many words"
    wide = dataclasses.replace(one, differences=differences, names=(long, f"{long}, another"))
    text = repr(Comparisons([wide], 0.95))
    assert max(map(len, text.splitlines())) <= 100
    for metric in ("HR@1", "HR@3", "HR@10"):
        assert text.count(f"{metric} ±0.25 s") == text.count(f"{metric} track") == 1
    assert text.count("* +12.5") == 6


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


def rejects(share: float, value: float, n: int) -> FalseRejectDifference:
    return FalseRejectDifference(
        false_accepts=share,
        tolerance_s=None,
        n_distractors=(n, n),
        rates=(0.5 + value, 0.5),
        value=value,
        low=value - 0.05,
        high=value + 0.05,
    )


def test_false_rejects_at_equal_false_accepts_have_a_table_of_their_own(
    comparisons: Comparisons,
) -> None:
    (one,) = comparisons
    found = [rejects(0.1, 0.1, 10_000), rejects(0.01, 0.2, 10_000), rejects(0.1, -0.1, 10**6)]
    shown = Comparisons([dataclasses.replace(one, false_rejects=found)], 0.95)
    table = repr(shown).split("\n\n")[1].splitlines()
    assert " ".join(table[:2]) == (
        "false rejects at equal false accepts, in points, a <b> minus c; exact, synthetic "
        "distractors, a match in the track"
    )
    assert table[2].split("  ")[-1].strip() == "at 1 % false accepts"
    assert table[-2].split("  ")[-1] == "+20.0 (+15.0 to +25.0)"
    assert table[-1].split()[:3] == ["1", "M", "-10.0"]
    assert table[-1].endswith("  too few queries")
    assert "no tests" in repr(shown)
    *_, first, second, last = shown.records()
    assert (first["metric"], last["metric"]) == ("frr@far=0.1", "frr@far=0.1")
    assert (second["metric"], second["difference"]) == ("frr@far=0.01", 0.2)
    assert first["p_value"] is None
    assert len({tuple(record) for record in shown.records()}) == 1  # the same keys
    assert shown.format("latex").count("toprule") == 2
    assert shown._repr_html_().count("<table>") == 2


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
