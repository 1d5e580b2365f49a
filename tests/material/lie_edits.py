"""How lies change the document of an honest result: what a table sets, by JSON pointer.

A star stands for every place of a list. A function gets the old value. ``REMOVED`` deletes a field.
"""

from collections.abc import Callable, Mapping
from typing import Any

REMOVED = object()

Lie = Mapping[str, Any]


def times(factor: float) -> Callable[[Any], Any]:
    """The old number, multiplied."""
    return lambda old: type(old)(old * factor)


def plus(term: float) -> Callable[[Any], Any]:
    """The old number, and something more."""
    return lambda old: old + term


def without_last(old: list[Any]) -> list[Any]:
    """All but the last of a list."""
    return old[:-1]


def last_twice(old: list[Any]) -> list[Any]:
    """The last of a list once more."""
    return [*old, old[-1]]


def with_last(**changes: Any) -> Callable[[list[dict[str, Any]]], list[Any]]:
    """A list with its last table once more, changed."""
    return lambda old: [*old, {**old[-1], **changes}]


def reverse(old: list[Any]) -> list[Any]:
    """The list backwards."""
    return old[::-1]


def best(old: dict[str, Any]) -> dict[str, Any]:
    """A point at which every query hits."""
    return {**old, "value": 1.0, "ci": {**old["ci"], "high": 1.0}}


SHA = "0" * 64
ALL_POINTS = "/curves/*/points/*"


def apply(lie: Lie, document: dict[str, Any]) -> None:
    """Change a document in place."""
    for pointer, value in lie.items():
        _set(document, pointer.split("/")[1:], value)


def _set(part: Any, path: list[str], value: Any) -> None:
    key, *rest = path
    keys: list[Any]
    if isinstance(part, list):
        keys = list(range(len(part))) if key == "*" else [int(key)]
    else:
        keys = [key]
    for each in keys:
        if rest:
            _set(part[each], rest, value)
        elif value is REMOVED:
            part.pop(each, None)
        else:
            part[each] = value(part[each]) if callable(value) else value
