"""Conversion of TOML, JSON and command-line text to dataclasses, and their JSON schema.

msgspec does the conversion. This module also refuses unknown fields of dataclasses, describes in
words which values a field takes, and reads text from the command line.
"""

import dataclasses
import inspect
import json
import re
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from functools import cache
from numbers import Real
from typing import Annotated, Any, Literal, TypeVar, overload

import msgspec
from msgspec import Meta

from fpbench.errors import FpbenchError

T = TypeVar("T")

_NO_LIMITS = Meta()
_NOUNS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    types.NoneType: "none",
}
_SWITCHES = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@overload
def convert(
    value: object, kind: type[T], source: str, *, where: str = "", advice: str = ""
) -> T: ...
@overload
def convert(value: object, kind: Any, source: str, *, where: str = "", advice: str = "") -> Any: ...
def convert(value: object, kind: Any, source: str, *, where: str = "", advice: str = "") -> Any:
    """Convert a value from JSON or TOML to the type of the field that it is for.

    Text does not become a number, and true does not become 1. Fields with a default may be absent.

    Args:
        value: Tables, lists and scalars. Parts that are dataclasses already stay as they are.
        kind: A dataclass, or any other type that msgspec knows.
        source: Where the value comes from, such as a file name; every message begins with it.
        where: Path of the value in its source, such as ``curves.0``; empty for the whole document.
        advice: An instruction at the end of every hint.

    Raises:
        FpbenchError: A field is unknown or missing, or does not take its value.
    """

    def refusal(message: str, hint: str) -> FpbenchError:
        return FpbenchError(f"{source}: {message}", hint=f"{hint}; {advice}" if advice else hint)

    wrong_name = _find_wrong_name(value, kind, where)
    if wrong_name:
        raise refusal(*wrong_name)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as err:
        raise refusal(*_find_wrong_value(value, kind, where, err)) from err
    except UnicodeEncodeError as err:  # half of a surrogate pair, which JSON and Python allow
        shown = _shorten(ascii(err.object))
        raise refusal(f"{shown} has a character that is none", "correct the text") from err


def parse_text(text: str, kind: Any) -> Any:
    """Read text from the command line as text, none, a switch, a number or a list of numbers.

    Returns:
        The first reading that the type accepts.

    Raises:
        ValueError: The type accepts no reading.
    """
    for reading in _readings(text):
        with suppress(msgspec.ValidationError):
            return msgspec.convert(reading, kind)
    raise ValueError(f"'{text}' is not {describe(kind, typed=True)}")


def option_texts(table: object) -> object:
    """Turn numbers and switches in a table of options into text, so that TOML needs no quotes.

    Returns:
        The table and its inner tables, with values as on the command line. Lists and other types
        are unchanged, so that :func:`convert` refuses them.
    """
    if not isinstance(table, Mapping):
        return table
    return {key: _option_text(value) for key, value in table.items()}


def _option_text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, Real) else option_texts(value)


def describe(kind: Any, *, typed: bool = False) -> str:
    """The values of a type in words, to follow "it takes".

    Args:
        typed: Whether the value is text from the command line, where lists have commas and "none"
            is a value.
    """
    # TOML has no null, and results are not written by hand.
    members = [m for m in union_members(kind) if typed or m[0] is not types.NoneType]
    return " or ".join(_describe_member(member, limits, typed) for member, limits in members)


def suggest(name: str, known: Iterable[str]) -> str:
    """A question at the start of a hint; empty if no known name is similar."""
    close = close_name(name, known)
    return f"did you mean '{close}'? " if close else ""


def close_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most similar; None if none is similar."""
    close = get_close_matches(name, list(known), n=1)
    return close[0] if close else None


@cache
def union_members(kind: Any, limits: Meta = _NO_LIMITS) -> tuple[tuple[Any, Meta], ...]:
    """The members of a union and their limits; for another type only itself."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        limits = next((note for note in arguments[1:] if isinstance(note, Meta)), limits)
        return union_members(arguments[0], limits)
    if origin in (types.UnionType, typing.Union):
        return tuple(pair for member in arguments for pair in union_members(member, limits))
    return ((kind, limits),)


@cache
def field_types(kind: type[Any]) -> dict[str, Any]:
    """Types of the fields of a dataclass or typed dictionary by name, with annotations."""
    hints = typing.get_type_hints(kind, include_extras=True)
    if typing.is_typeddict(kind):
        return hints
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def json_schema(kind: type[Any], title: str) -> dict[str, Any]:
    """The values that :func:`convert` accepts for a dataclass, as JSON Schema 2020-12.

    Descriptions are from its docstrings.
    """
    schema = msgspec.json.schema(kind)
    for part in schema["$defs"].values():
        part["additionalProperties"] = False
        docstring = part.get("description", "")
        part["description"] = docstring.partition("\n\nArgs:\n")[0]
        for name, text in described_fields(docstring).items():
            part["properties"][name]["description"] = text
    dialect = "https://json-schema.org/draft/2020-12/schema"
    # An empty tuple, as a default, is a list in JSON.
    document: dict[str, Any] = json.loads(json.dumps({"$schema": dialect, "title": title} | schema))
    return document


def described_fields(docstring: str) -> dict[str, str]:
    """Descriptions of fields by name, from the section ``Args`` of its docstring."""
    arguments = inspect.cleandoc(docstring).partition("\n\nArgs:\n")[2]
    found = re.findall(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", arguments, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


def _readings(text: str) -> Iterator[object]:
    word = text.lower()
    if word == "none":
        yield None
    yield text
    if word in _SWITCHES:
        yield _SWITCHES[word]
    for number in (float, int):
        with suppress(ValueError):
            yield number(text)
        with suppress(ValueError):
            yield [number(part) for part in text.split(",")]


def _find_wrong_name(value: object, kind: Any, where: str) -> tuple[str, str] | None:
    """Message and hint for the first unknown or missing field, at any depth."""
    table = _table_in(kind)
    if table and isinstance(value, Mapping):
        known = field_types(table)
        for name in value:
            if name not in known:
                hint = suggest(str(name), known) + "fields: " + ", ".join(known)
                return f"no field is called '{_join(where, name)}'", hint
        for name in _required_fields(table):
            if name not in value:
                hint = f"it takes {describe(known[name])}"
                return f"field '{_join(where, name)}' is missing", hint
    for name, part, part_kind in _parts(value, kind):
        if isinstance(part, Mapping | list | tuple):
            wrong = _find_wrong_name(part, part_kind, _join(where, name))
            if wrong:
                return wrong
    return None


def _find_wrong_value(
    value: object, kind: Any, where: str, err: msgspec.ValidationError
) -> tuple[str, str]:
    """Message and hint for the innermost part that cannot be converted.

    msgspec's own path does not name the keys of tables.
    """
    for name, part, part_kind in _parts(value, kind):
        try:
            msgspec.convert(part, part_kind)
        except msgspec.ValidationError as inner:
            return _find_wrong_value(part, part_kind, _join(where, name), inner)
    if isinstance(err.__cause__, ValueError):  # from __post_init__
        return f"{where}: {err.__cause__}" if where else str(err.__cause__), "correct the value"
    subject = f"field '{where}'" if where else "the document"
    return f"{subject} cannot be {_shorten(repr(value))}", f"it takes {describe(kind)}"


def _parts(value: object, kind: Any) -> Iterator[tuple[str, object, Any]]:
    """Name, value and type of each part of a dataclass's table, a mapping or a sequence."""
    table = _table_in(kind)
    if table and isinstance(value, Mapping):
        known = field_types(table)
        yield from ((name, part, known[name]) for name, part in value.items() if name in known)
        return
    for member, _ in union_members(kind):
        origin, arguments = typing.get_origin(member), typing.get_args(member)
        if not isinstance(origin, type):  # a scalar, or a Literal
            continue
        if issubclass(origin, Mapping) and isinstance(value, Mapping):
            yield from ((str(name), part, arguments[1]) for name, part in value.items())
        elif issubclass(origin, Sequence) and isinstance(value, list | tuple):
            yield from ((str(place), part, arguments[0]) for place, part in enumerate(value))


@cache
def _table_in(kind: Any) -> Any:
    """The dataclass or typed dictionary in a type or union, if any."""
    return next((m for m, _ in union_members(kind) if _has_fields(m)), None)


def _has_fields(kind: Any) -> bool:
    return dataclasses.is_dataclass(kind) or typing.is_typeddict(kind)


def _required_fields(kind: Any) -> list[str]:
    if typing.is_typeddict(kind):
        return [name for name in field_types(kind) if name in kind.__required_keys__]
    missing = dataclasses.MISSING
    return [
        field.name
        for field in dataclasses.fields(kind)
        if field.default is missing and field.default_factory is missing
    ]


def _join(where: str, name: object) -> str:
    return f"{where}.{name}" if where else str(name)


def _shorten(text: str, limit: int = 100) -> str:
    return text if len(text) <= limit else f"{text[:limit]} …"


def _describe_member(kind: Any, limits: Meta, typed: bool) -> str:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return " or ".join(map(str, arguments))
    if isinstance(origin, type) and issubclass(origin, Sequence):
        item = describe(arguments[0], typed=typed)
        words = f"{item}, or several with commas between them"
        if not typed:
            words = f"a list of values, each {item}"
    elif _has_fields(kind) or origin is not None:
        words = "a table"
    else:
        words = _NOUNS.get(kind) or f"a {kind.__name__.lower()}"
    return ", ".join([words, *_describe_limits(limits)])


def _describe_limits(limits: Meta) -> Iterator[str]:
    numbers = {
        "at least": limits.ge,
        "above": limits.gt,
        "at most": limits.le,
        "below": limits.lt,
    }
    yield from (f"{word} {number:g}" for word, number in numbers.items() if number is not None)
    words = (limits.extra or {}).get("words")
    if words:  # what the pattern means, for people
        yield words
    elif limits.pattern:
        yield f"like {limits.pattern}"
    if limits.min_length:
        yield "not empty"
