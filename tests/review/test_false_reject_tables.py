"""Tables of false rejects at equal false accepts, beside those of hit rates."""

import dataclasses

from made_comparisons import comparisons

from fpbench.review.comparison_tables import Comparisons
from fpbench.review.false_reject_differences import FalseRejectDifference
from fpbench.review.false_reject_tables import shown_differences

__all__ = ["comparisons"]


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


def test_only_the_largest_size_is_shown_if_asked(comparisons: Comparisons) -> None:
    (one,) = comparisons
    found = [rejects(0.1, 0.1, 10_000), rejects(0.1, -0.1, 10**6)]
    compared = dataclasses.replace(one, false_rejects=found)
    assert shown_differences(compared, largest=False) == found
    assert shown_differences(compared, largest=True) == found[1:]
