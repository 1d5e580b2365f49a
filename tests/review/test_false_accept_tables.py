"""Decisions by a threshold as a table: one for each index and kind of distractors."""

from dataclasses import replace
from pathlib import Path

from fpbench.results.decisions import (
    AbsentDecisions,
    ErrorRate,
    FalseAccepts,
    RefusedShare,
    RejectsAt,
)
from fpbench.results.files import read_result
from fpbench.review.false_accept_tables import false_accept_tables

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
RATE = ErrorRate(value=0.25, low=0.2, high=0.3)
AT_10K = FalseAccepts(
    distractors="real",
    index="exact",
    tolerance_s=None,
    n_distractors=10_000,
    databases=3,
    equal_error_rate=RATE,
    rejects=[
        RejectsAt(false_accepts=0.01, false_rejects=ErrorRate(value=0.6, low=None, high=None))
    ],
    accepts_at_smallest=replace(RATE, value=0.01, low=0.0, high=0.02),
    level=0.95,
    method="jackknife",
)


def test_a_line_has_the_rates_in_percent_with_their_intervals() -> None:
    result = replace(GOLDEN, false_accepts=[AT_10K, replace(AT_10K, n_distractors=100_000)])
    (table,) = false_accept_tables(result)
    heading, header, _, first, second = table.splitlines()
    assert heading == (
        "spectral-sketch, exact, real distractors: decisions by a threshold, a match in the track"
    )
    assert "rejects at 1 % accepts" in header
    assert "accepts at the 1 % threshold of 10 k" in header
    cells = [cell.strip() for cell in first.split("  ") if cell.strip()]
    assert cells == ["10 k", "25.0 (20.0–30.0)", "60.0 (no interval)", "1.0 (0.0–2.0)"]  # noqa: RUF001
    assert second.split()[:2] == ["100", "k"]


def test_simulated_sizes_and_refused_shares_are_named_as_such() -> None:
    refused = RefusedShare(false_accepts=0.01, effective_queries=583.5, needed_queries=1_714)
    beyond = replace(
        AT_10K, n_distractors=10**12, found="simulated", rejects=(), refused=(refused,)
    )
    unknown = replace(beyond, n_distractors=10**9, accepts_at_smallest=None)
    result = replace(GOLDEN, false_accepts=[AT_10K, beyond, unknown])
    (table,) = false_accept_tables(result)
    *_, trillion, billion, note = table.splitlines()
    cells = [cell.strip() for cell in trillion.split("  ") if cell.strip()]
    assert cells[0] == "1 T simulated"
    assert cells[2] == "too few queries"
    assert billion.split()[-1] == "unknown"
    assert note == (
        "too few queries for some false accepts (584 effective ones): 1 % needs 1,714 queries "
        "like these"
    )


def test_sizes_whose_thresholds_the_tail_does_not_know_are_said() -> None:
    curve = replace(GOLDEN.curves[0], distractors="real", index="exact")
    point = replace(curve.points[-1], n_distractors=10**9, found="simulated")
    result = replace(
        GOLDEN, curves=[replace(curve, points=[*curve.points, point])], false_accepts=[AT_10K]
    )
    (table,) = false_accept_tables(result)
    assert table.endswith("not simulated at 1 B: the tail does not know these thresholds")


def test_other_tolerances_are_not_shown_and_each_kind_has_a_table() -> None:
    within = replace(AT_10K, tolerance_s=0.25)
    synthetic = replace(AT_10K, distractors="synthetic")
    result = replace(GOLDEN, false_accepts=[AT_10K, within, synthetic])
    assert [table.splitlines()[0].split(": ")[0] for table in false_accept_tables(result)] == [
        "spectral-sketch, exact, real distractors",
        "spectral-sketch, exact, synthetic distractors",
    ]
    assert false_accept_tables(GOLDEN) == []


def test_recordings_that_the_database_does_not_hold_have_a_threshold_of_their_own() -> None:
    absent = AbsentDecisions(
        queries=100,
        recordings=10,
        equal_error_rate=RATE,
        rejects=[],
        accepts_at_smallest=RATE,
        smallest_share=0.1,
    )
    result = replace(GOLDEN, false_accepts=[replace(AT_10K, absent=absent)])
    (table,) = false_accept_tables(result)
    headers = [line for line in table.splitlines() if "threshold of" in line]
    assert ["1 % threshold" in line for line in headers] == [True, False]
    assert "accepts at the 10 % threshold of 10 k" in headers[1]


def test_shares_that_are_refused_for_absent_recordings_are_said() -> None:
    refused = RefusedShare(false_accepts=0.01, effective_queries=40.2, needed_queries=2_488)
    absent = AbsentDecisions(
        queries=100,
        recordings=10,
        equal_error_rate=RATE,
        rejects=[RejectsAt(false_accepts=0.1, false_rejects=RATE)],
        accepts_at_smallest=None,
        smallest_share=0.1,
        refused=[refused],
    )
    (table,) = false_accept_tables(replace(GOLDEN, false_accepts=[replace(AT_10K, absent=absent)]))
    assert table.splitlines()[-1] == (
        "too few queries whose recording the database does not hold (40 effective ones): 1 % needs "
        "2,488 queries like these"
    )
