"""The tables of a result: one for each index and kind of distractors."""

from dataclasses import replace
from pathlib import Path

from fpbench.results.files import read_result
from fpbench.results.systems import CheckInfo
from fpbench.review.result_tables import result_tables

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")


def test_a_line_has_the_rate_and_its_interval_in_percent() -> None:
    heading, header, _, line, gap, _, few, _, note = result_tables(GOLDEN).splitlines()
    assert heading == "spectral-sketch, exact, synthetic distractors (gaussian)"
    assert header.split() == ["distractors", "audio", "HR@1", "±0.25", "s", "repeats"]
    assert line.split() == ["10", "k", "1.5", "h", "50.0", "(40.0–60.0)", "10"]  # noqa: RUF001
    assert gap == (
        "gaussian: no gap to real distractors was measured within 0.25 s (HR@1): all sizes are by "
        "this generator"
    )
    assert few == "only 10 tracks: intervals say little about other music"
    assert note == (
        "100 queries of 1 s from 10 tracks; percent, with 95 % intervals over tracks; "
        "±: half of a paired 95 % interval"
    )


def test_a_table_with_synthetic_points_ends_with_the_gap_of_each_column() -> None:
    (curve,) = GOLDEN.curves
    curves = [
        replace(curve, metric=metric, tolerance_s=tolerance_s)
        for metric, tolerance_s in (("hr@1", 0.25), ("hr@3", 0.25), ("hr@1", None))
    ]
    table, *_ = result_tables(replace(GOLDEN, curves=curves)).split("\n\n")
    assert [
        line.rpartition("measured ")[2].partition(": ")[0] for line in table.splitlines()[4:]
    ] == [
        "within 0.25 s (HR@1)",
        "within 0.25 s (HR@3)",
        "in the right track (HR@1)",
    ]


def test_other_tolerances_are_shown_of_the_first_rank_only() -> None:
    (curve,) = GOLDEN.curves
    several = [
        replace(curve, metric=metric, tolerance_s=tolerance_s)
        for tolerance_s in (0.25, None)
        for metric in ("hr@1", "hr@3")
    ]
    header = result_tables(replace(GOLDEN, curves=several)).splitlines()[1]
    assert [h.strip() for h in header.split("  ") if h.strip()] == [
        "distractors",
        "audio",
        "HR@1 ±0.25 s",
        "HR@3 ±0.25 s",
        "HR@1 track",
        "repeats",
    ]


def test_each_index_and_kind_has_a_table() -> None:
    (curve,) = GOLDEN.curves
    curves = [curve, replace(curve, distractors="real"), replace(curve, index="ivf")]
    text = result_tables(replace(GOLDEN, curves=curves))
    headings = [line for line in text.splitlines() if line.startswith("spectral-sketch, ")]
    assert headings == [
        "spectral-sketch, exact, synthetic distractors (gaussian)",
        "spectral-sketch, exact, real distractors (20 tracks)",
        "spectral-sketch, ivf, synthetic distractors (gaussian)",
    ]


def test_a_fingerprinter_that_breaks_rules_is_marked() -> None:
    check = CheckInfo(passed=False, broken={"determinism": "the same audio gives different bytes"})
    assert (
        "spectral-sketch breaks rules of the harness: "
        "determinism: the same audio gives different bytes"
    ) in result_tables(replace(GOLDEN, check=check)).splitlines()
    for passed in (None, CheckInfo(passed=True, broken={})):
        assert "breaks" not in result_tables(replace(GOLDEN, check=passed))


def test_a_real_curve_says_how_many_tracks_its_distractors_are_from() -> None:
    (curve,) = GOLDEN.curves
    data = replace(GOLDEN.data, distractor_tracks=46)
    real = replace(GOLDEN, data=data, curves=[replace(curve, distractors="real")])
    assert result_tables(real).startswith("spectral-sketch, exact, real distractors (46 tracks)\n")


def test_the_note_says_over_how_many_groups_intervals_are() -> None:
    grouped = replace(GOLDEN, queries=replace(GOLDEN.queries, tracks=46, groups=5))
    *_, few, _, note = result_tables(grouped).splitlines()
    assert few == "only 5 groups: intervals say little about other music"
    assert note.startswith(
        "100 queries of 1 s from 46 tracks; percent, with 95 % intervals over 5 groups; "
    )
    many = replace(GOLDEN, queries=replace(GOLDEN.queries, tracks=46, groups=22))
    assert "only" not in result_tables(many)
