"""What is wrong with a result: places of its JSON document, with their values and broken rules."""

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

ROUNDING = 1e-9
"""Relative difference that another version of NumPy may cause."""

_LONGEST_VALUE = 80
EVIDENCE = "the evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A value that breaks a rule.

    Args:
        pointer: JSON pointer (RFC 6901) of the value; empty for the whole document.
        value: The value, as plain JSON; None also for a field that is absent.
        rule: What holds for the value, or what it contradicts.
    """

    pointer: str
    value: object
    rule: str

    def __str__(self) -> str:
        """One line of printable characters: pointer, value, rule."""
        return f"{self.pointer or '/'} is {show_value(self.value)}: {self.rule}"


def show_value(value: object) -> str:
    """A value as short JSON in ASCII, which no control character leaves."""
    text = json.dumps(plain(value), sort_keys=True)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]} ..."


def plain(value: Any) -> Any:
    """Dataclasses, tuples and mappings as the objects and arrays that they are in JSON."""
    if dataclasses.is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


def join_pointer(pointer: str, key: object) -> str:
    """The pointer of a part."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def compare(
    pointer: str, value: object, expected: object, source: str = EVIDENCE
) -> Iterator[Problem]:
    """Problems of all parts of a value that are not as expected, but for rounding.

    Args:
        pointer: Where the value is.
        value: A scalar, a dataclass, a mapping or a sequence.
        expected: What it should be.
        source: What the expected value follows from, for the rule.
    """
    value, expected = plain(value), plain(expected)
    if isinstance(value, dict) and isinstance(expected, dict):
        for key in sorted(value.keys() | expected.keys()):
            yield from compare(
                join_pointer(pointer, key), value.get(key), expected.get(key), source
            )
    elif isinstance(value, list) and isinstance(expected, list) and len(value) == len(expected):
        for place, (part, right) in enumerate(zip(value, expected, strict=True)):
            yield from compare(join_pointer(pointer, place), part, right, source)
    elif not is_equal(value, expected):
        yield Problem(pointer=pointer, value=value, rule=f"{source} gives {show_value(expected)}")


def compare_listed(
    pointer: str,
    listed: Mapping[int, T],
    expected: Sequence[T],
    key: Callable[[T], Hashable],
    source: str = EVIDENCE,
) -> Iterator[Problem]:
    """Problems of a list of blocks: missing, invented, repeated, or with other values.

    Args:
        pointer: Where the list is.
        listed: Blocks of the result, each with its place in the list.
        expected: All blocks that follow from ``source``.
        key: What identifies a block, such as index, metric and size.
        source: What the blocks follow from, for the rule.
    """
    right = {key(block): block for block in expected}
    counts = Counter(map(key, listed.values()))
    for place, block in listed.items():
        inner = join_pointer(pointer, place)
        name = key(block)
        if name not in right:
            rule = f"{source} gives no such block"
            yield Problem(pointer=inner, value=name, rule=rule)
            continue
        if counts[name] > 1:
            yield Problem(pointer=inner, value=name, rule="it is listed more than once")
        yield from compare(inner, block, right[name], source)
    for name in (name for name in right if name not in counts):
        yield Problem(
            pointer=pointer, value=None, rule=f"{source} gives {show_value(name)}, which is missing"
        )


def is_equal(value: object, expected: object) -> bool:
    """Whether two plain scalars are equal but for rounding; true is not 1."""
    if isinstance(value, float) and isinstance(expected, float):
        return math.isclose(value, expected, rel_tol=ROUNDING, abs_tol=ROUNDING)
    if isinstance(value, bool) or isinstance(expected, bool):
        return value is expected
    return value == expected
