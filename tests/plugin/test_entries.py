"""An entry is written as a user writes it."""

from fpbench import Entry


def test_a_name_is_written_with_its_argument() -> None:
    assert Entry(name="demo", summary="", create=str).written == "demo"
    assert Entry(name="folder", summary="", create=str, argument="DIR").written == "folder:DIR"
