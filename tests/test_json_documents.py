"""Hostile JSON is refused, and what is written can be read again."""

from pathlib import Path

import pytest

from fpbench.files import write_json
from fpbench.json_documents import json_safe, parse_json, read_json


def test_refuses_nan_that_json_safe_replaces(tmp_path: Path) -> None:
    document = {"a": [float("nan"), 1.5], "b": {"c": float("-inf")}, "d": (1, True, "nan")}
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "a", document)
    assert not list(tmp_path.iterdir())
    assert json_safe(document) == {"a": [None, 1.5], "b": {"c": None}, "d": [1, True, "nan"]}


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "-Infinity",
        "1e999",
        "9223372036854775808",
        "9" * 9_000,
        '"\\ud800"',
        "[" * 99_999,
        "[" * 65 + "]" * 65,
        '{"a": 1, "a": 2}',
        "",
    ],
)
def test_refuses_json_that_no_program_should_write(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


def test_reads_json_as_it_is_written(tmp_path: Path) -> None:
    document = {"a": [1, -0.5, None, True, -(2**63) + 1, 2**63 - 1], "é": "\U0001f600"}
    write_json(tmp_path / "a.json", document)
    assert read_json(tmp_path / "a.json") == document


def test_does_not_read_a_file_of_ten_terabytes(tmp_path: Path) -> None:
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(10**13)  # a hole; it takes no space
    with pytest.raises(ValueError, match="it has 10000000000000 bytes"):
        read_json(tmp_path / "a.json")


def test_a_document_with_names_of_files_can_be_read_again(tmp_path: Path) -> None:
    write_json(tmp_path / "names.json", {"f\udce9": ["\udcc3\udca4", 1, None]})
    assert read_json(tmp_path / "names.json") == {"f\\xe9": ["\u00e4", 1, None]}
