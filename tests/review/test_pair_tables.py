"""Tables of two systems have a column for each measure, and no more of them than fit."""

import dataclasses

from made_comparisons import comparisons

from fpbench.review.comparison import Comparison
from fpbench.review.comparison_tables import Comparisons
from fpbench.review.pair_tables import list_measures, pair_heading, pair_text_tables

__all__ = ["comparisons"]


def of_six_measures(one: Comparison) -> Comparison:
    differences = [
        dataclasses.replace(d, metric=f"hr@{k}", tolerance_s=tolerance_s)
        for k in (1, 3, 10)
        for tolerance_s in (None, 0.25)
        for d in one.differences
    ]
    return dataclasses.replace(one, differences=differences)


def test_a_heading_names_the_generator_of_synthetic_distractors(comparisons: Comparisons) -> None:
    (one,) = comparisons
    assert pair_heading(one) == "a <b> minus c; exact, synthetic distractors (gaussian)"
    real = dataclasses.replace(one, distractors="real", generator=None)
    assert pair_heading(real) == "a <b> minus c; exact, real distractors"


def test_measures_of_any_time_in_the_track_come_last(comparisons: Comparisons) -> None:
    (one,) = comparisons
    assert list_measures(of_six_measures(one)) == [
        ("hr@1", 0.25),
        ("hr@3", 0.25),
        ("hr@10", 0.25),
        ("hr@1", None),
        ("hr@3", None),
        ("hr@10", None),
    ]


def test_measures_that_do_not_fit_into_100_columns_follow_below(comparisons: Comparisons) -> None:
    (one,) = comparisons
    text = pair_text_tables(of_six_measures(one))
    assert max(map(len, text.splitlines())) <= 100
    assert len(text.split("\n\n")) > 1
    for metric in ("HR@1", "HR@3", "HR@10"):
        assert text.count(f"{metric} ±0.25 s") == text.count(f"{metric} track") == 1
    assert text.count("* +12.5") == 6
