"""Rows that several indexes of one name have searched add up."""

from fpbench.runs.costs.measured_stages import MeasuredSearch


def test_indexes_that_are_gone_still_count() -> None:
    search = MeasuredSearch("ivfpq", "real", earlier=70)
    assert (search.of, search.made) == ("ivfpq, real", 70)
