"""Tables and text become dataclasses, or the field that is wrong is named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import pytest
from msgspec import Meta

from fpbench.conversion import convert, describe, json_schema, option_texts, parse_text
from fpbench.errors import FpbenchError

Share = Annotated[float, Meta(ge=0, le=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A band of frequencies.

    Args:
        low_hz: Where it begins; below
            ``high_hz``.
    """

    low_hz: int
    high_hz: int = 4_000

    def __post_init__(self) -> None:
        if self.low_hz >= self.high_hz:
            raise ValueError(f"low_hz={self.low_hz} is not below high_hz={self.high_hz}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    bands: Sequence[Band]
    gain: Share = 1.0
    kind: Literal["mel", "bark"] = "mel"
    path: Path | None = None
    notes: Mapping[str, int] = field(default_factory=dict)


def test_a_table_becomes_a_dataclass() -> None:
    table = {"bands": [{"low_hz": 100}], "gain": 1, "path": Path("x"), "notes": {"a": 1}}
    filter_ = convert(table, Filter, "a.toml")
    assert filter_ == Filter(bands=[Band(low_hz=100)], path=Path("x"), notes={"a": 1})
    assert isinstance(filter_.gain, float)


def test_parts_may_be_converted_already() -> None:
    band = Band(low_hz=100)
    assert convert({"bands": [band]}, Filter, "a.toml").bands == [band]


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        pytest.param(
            {"bands": [{"low_hz": "100"}]},
            "field 'bands.0.low_hz' cannot be '100'",
            "it takes a whole number",
            id="text",
        ),
        pytest.param(
            {"bands": [{"low_hz": True}]},
            "field 'bands.0.low_hz' cannot be True",
            "it takes a whole number",
            id="switch",
        ),
        pytest.param(
            {"bands": [{"low_hz": 1.0}]},
            "field 'bands.0.low_hz' cannot be 1.0",
            "it takes a whole number",
            id="fraction",
        ),
        pytest.param(
            {"bands": [{"low_hz": 1}, {"low": 1}]},
            "no field is called 'bands.1.low'",
            "did you mean 'low_hz'? fields: low_hz, high_hz",
            id="unknown",
        ),
        pytest.param(
            {5: 5},
            "no field is called '5'",
            "fields: bands, gain, kind, path, notes",
            id="key without text",
        ),
        pytest.param(
            {"bands": [{}]},
            "field 'bands.0.low_hz' is missing",
            "it takes a whole number",
            id="missing",
        ),
        pytest.param(
            {"bands": [{"low_hz": 5_000}]},
            "bands.0: low_hz=5000 is not below high_hz=4000",
            "correct the value",
            id="two fields",
        ),
        pytest.param(
            {"bands": {}},
            "field 'bands' cannot be {}",
            "it takes a list of values, each a table",
            id="list",
        ),
        pytest.param(
            {"gain": 1.5},
            "field 'gain' cannot be 1.5",
            "it takes a number, at least 0, at most 1",
            id="range",
        ),
        pytest.param(
            {"gain": float("nan")},
            "field 'gain' cannot be nan",
            "it takes a number, at least 0, at most 1",
            id="nan",
        ),
        pytest.param(
            {"kind": "erb"}, "field 'kind' cannot be 'erb'", "it takes mel or bark", id="word"
        ),
        pytest.param({"path": 3}, "field 'path' cannot be 3", "it takes a path", id="path"),
        pytest.param(
            {"notes": {"a": 1, "b": []}},
            "field 'notes.b' cannot be []",
            "it takes a whole number",
            id="key",
        ),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(FpbenchError) as caught:
        convert({"bands": [], **change}, Filter, "a.toml", advice="see the manual")
    assert caught.value.message == f"a.toml: {message}"
    assert caught.value.hint == f"{hint}; see the manual"


def test_a_part_of_a_document_is_named_by_its_path_in_the_whole() -> None:
    with pytest.raises(FpbenchError, match=r"a\.toml: field 'filter\.bands' is missing"):
        convert({}, Filter, "a.toml", where="filter")


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(FpbenchError, match=r"a\.json: '\\ud800' has a character that is none"):
        convert({"bands": [{"low_hz": "\ud800"}]}, Filter, "a.json")


def test_a_document_that_is_no_table_is_refused() -> None:
    with pytest.raises(FpbenchError, match="the document cannot be 3"):
        convert(3, Filter, "a.toml")


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        pytest.param("1", str, "1", id="text"),
        pytest.param("1", int, 1, id="whole number"),
        pytest.param("1", float, 1.0, id="number"),
        pytest.param(".5", float, 0.5, id="fraction"),
        pytest.param("1", bool, True, id="switch as a number"),
        pytest.param("No", bool, False, id="switch as a word"),
        pytest.param("1", Literal[1, 2], 1, id="one of several"),
        pytest.param("1, 2", tuple[int, ...], (1, 2), id="list"),
        pytest.param("1,2.5", tuple[float, ...], (1.0, 2.5), id="list of numbers"),
        pytest.param("none", tuple[int, ...] | None, None, id="none for a list"),
        pytest.param("None", str | None, None, id="none for text"),
        pytest.param("none", str, "none", id="none as text"),
        pytest.param("none", Literal["none", "all"], "none", id="none as one of several"),
    ],
)
def test_text_is_read_as_the_type_takes_it(text: str, kind: Any, value: object) -> None:
    read = parse_text(text, kind)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1.0", int),
        ("yes", int),
        ("yes", float),
        ("on", bool),
        ("1,,2", tuple[int, ...]),
        ("2", Share),
    ],
    ids=str,
)
def test_text_that_the_type_does_not_take_is_refused(text: str, kind: Any) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is not {describe(kind, typed=True)}"):
        parse_text(text, kind)


@pytest.mark.parametrize(
    ("kind", "in_a_file", "typed"),
    [
        (
            tuple[int, ...],
            "a list of values, each a whole number",
            "a whole number, or several with commas between them",
        ),
        (float | None, "a number", "a number or none"),
        (
            Annotated[int, Meta(gt=0, lt=9)],
            "a whole number, above 0, below 9",
            "a whole number, above 0, below 9",
        ),
        (Annotated[str, Meta(pattern="^a")] | None, "text, like ^a", "text, like ^a or none"),
        (
            Annotated[str, Meta(pattern="^a", extra={"words": "beginning with a"})],
            "text, beginning with a",
            "text, beginning with a",
        ),
        (
            Annotated[list[bool], Meta(min_length=1)],
            "a list of values, each true or false, not empty",
            "true or false, or several with commas between them, not empty",
        ),
    ],
    ids=str,
)
def test_types_in_words(kind: Any, in_a_file: str, typed: str) -> None:
    assert (describe(kind), describe(kind, typed=True)) == (in_a_file, typed)


def test_options_need_no_quotes() -> None:
    table = {"steps": 3, "fast": True, "gain": 0.5, "mode": "mel", "ivf": {"n": 1}, "bad": [1]}
    assert option_texts(table) == {
        "steps": "3", "fast": "true", "gain": "0.5", "mode": "mel", "ivf": {"n": "1"}, "bad": [1]
    }  # fmt: skip
    assert option_texts(3) == 3


def test_a_schema_has_the_words_of_docstrings_and_allows_no_other_fields() -> None:
    schema = json_schema(Band, "a band")
    assert schema["title"] == "a band"
    assert schema["$defs"]["Band"] == {
        "title": "Band",
        "description": "A band of frequencies.",
        "type": "object",
        "properties": {
            "low_hz": {"type": "integer", "description": "Where it begins; below ``high_hz``."},
            "high_hz": {"type": "integer", "default": 4_000},
        },
        "required": ["low_hz"],
        "additionalProperties": False,
    }


class Table(TypedDict, total=False):
    """A typed dictionary.

    Args:
        size: A number.
    """

    size: int
    inner: Mapping[str, float]


def test_a_typed_dictionary_refuses_other_names_and_values() -> None:
    assert convert({"size": 3, "inner": {"a": 1}}, Table, "x") == {"size": 3, "inner": {"a": 1.0}}
    with pytest.raises(FpbenchError, match="no field is called 'sice'") as err:
        convert({"sice": 3}, Table, "x")
    assert "did you mean 'size'? fields: size, inner" in (err.value.hint or "")
    with pytest.raises(FpbenchError, match=r"field 'inner\.a' cannot be 'b'"):
        convert({"inner": {"a": "b"}}, Table, "x")
    schema = json_schema(Table, "a table")
    assert schema["$defs"]["Table"]["additionalProperties"] is False
    assert schema["$defs"]["Table"]["properties"]["size"]["description"] == "A number."
