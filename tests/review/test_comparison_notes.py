"""Notes say what intervals and stars mean, and how far synthetic distractors are from real ones."""

import dataclasses

from made_comparisons import comparisons

from fpbench.review.comparison_notes import comparison_notes
from fpbench.review.comparison_tables import Comparisons

__all__ = ["comparisons"]


def test_notes_name_gaps_few_tracks_and_the_tests(comparisons: Comparisons) -> None:
    assert comparison_notes(comparisons, 0.99, shown=2, tests=2, against_best=False) == [
        "gaussian minus real distractors, a <b>, exact, in points: not measured",
        "gaussian minus real distractors, c, exact, in points: not measured",
        "only 10 tracks: intervals say little about other music",
        "100 queries of 1 s from 10 tracks; points, with 99 % intervals (paired, over tracks; "
        "2 in all, not corrected); "
        "* one is better (sign-flip test at 1 %, Holm-corrected for 2 tests)",
    ]


def test_against_the_best_system_all_pairs_are_tested(comparisons: Comparisons) -> None:
    (one,) = comparisons
    real = dataclasses.replace(one, distractors="real", generator=None)
    *_, note = comparison_notes([real], 0.95, shown=2, tests=3, against_best=True)
    assert "2 of 3 in all, not corrected" in note
    assert note.endswith("(sign-flip test at 5 %, Holm-corrected for 3 tests, those of all pairs)")
