"""The bytes that stand for a JSON document, its hash, and a text that people can read.

Source: RFC 8785, "JSON Canonicalization Scheme (JCS)". Whole numbers keep all of their digits, also
    those of more than 53 bits, such as seeds.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence

ID = "result_id"

_WIDTH = 120
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_EXPONENT = re.compile(r"(-?)(\d)(?:\.(\d+))?e([+-])(\d+)")


def canonical_bytes(document: object) -> bytes:
    """UTF-8 of a document: keys in order, no blanks, one form for each number.

    Args:
        document: Tables, lists and scalars.

    Raises:
        ValueError: A number is not finite.
    """
    return _canonical(document).encode()


def hash_document(document: Mapping[str, object]) -> str:
    """The ``result_id`` of a document: SHA-256 of its canonical bytes without that field."""
    rest = {name: part for name, part in document.items() if name != ID}
    return hashlib.sha256(canonical_bytes(rest)).hexdigest()


def readable_text(document: object) -> str:
    """A document as JSON with sorted keys, and one line for each part that fits into it.

    Equal documents give equal texts. Lists of numbers are on one line.

    Raises:
        ValueError: A number is not finite.
    """
    return _readable(document, 0) + "\n"


def _canonical(value: object) -> str:
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return (
            "{" + ",".join(f"{_ENCODER.encode(key)}:{_canonical(value[key])}" for key in keys) + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_canonical, value)) + "]"
    return _number(value) if isinstance(value, float) else _ENCODER.encode(value)


def _number(value: float) -> str:
    """A number as ECMAScript writes it: the shortest digits that give it back."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a number of JSON")
    digits = repr(value)
    found = _EXPONENT.fullmatch(digits)
    if found is None:  # -0.0 is 0
        return "0" if value == 0 else digits.removesuffix(".0")
    minus, whole, fraction, sign, exponent = found.groups(default="")
    places = int(exponent)
    # Python has an exponent below 1e-4 and from 1e16 on, ECMAScript below 1e-6 and from 1e21 on.
    if sign == "-" and places < 7:
        return f"{minus}0.{'0' * (places - 1)}{whole}{fraction}"
    if sign == "+" and places < 21:
        return minus + (whole + fraction).ljust(places + 1, "0")
    return f"{minus}{whole}{'.' if fraction else ''}{fraction}e{sign}{places}"


def _readable(value: object, indent: int) -> str:
    line = json.dumps(value, ensure_ascii=True, sort_keys=True, allow_nan=False)
    if indent + len(line) <= _WIDTH or not isinstance(value, Mapping | list | tuple):
        return line
    inner = "\n" + " " * (indent + 1)
    if isinstance(value, Mapping):
        parts = [f"{json.dumps(key)}: {_readable(value[key], indent + 1)}" for key in sorted(value)]
        return "{" + inner + f",{inner}".join(parts) + "\n" + " " * indent + "}"
    if _is_flat(value):
        return line
    parts = [_readable(part, indent + 1) for part in value]
    return "[" + inner + f",{inner}".join(parts) + "\n" + " " * indent + "]"


def _is_flat(values: Sequence[object]) -> bool:
    return all(isinstance(value, int | float | None) for value in values)
