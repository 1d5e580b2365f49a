"""CSV has a column for every key of any record."""

from fpbench.review.flat_records import records_csv


def test_columns_are_all_keys_in_order() -> None:
    assert records_csv([{"a": 1}, {"b": "x,y", "a": None}]) == 'a,b\n1,\n,"x,y"'


def test_no_records_have_the_given_columns() -> None:
    assert records_csv([], ("a", "b")) == "a,b"
