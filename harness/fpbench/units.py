"""Parses and formats whole numbers, database sizes and durations."""

import re
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal

from fpbench.errors import FpbenchError

_SUFFIXES = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000, "t": 10**12}
_LARGEST = 10**18
_SECONDS = {"h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}
_BYTES = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_MANY_HOURS, _HOURS_A_YEAR = 1e6, 8766


def parse_sizes(text: str) -> tuple[int, ...]:
    """Parse ``1e4,100k,1M`` into distinct whole numbers, smallest first.

    Raises:
        FpbenchError: A part is not a positive whole number.
    """
    sizes = whole_sizes(part.strip() for part in text.split(",") if part.strip())
    if not sizes:
        raise FpbenchError(f"no database size in '{text}'", hint="write sizes such as 1e4,1e5,1e6")
    return sizes


def whole_sizes(values: Iterable[int | float | str]) -> tuple[int, ...]:
    """Turn ``10_000``, ``1e6`` and ``"10M"`` into distinct whole numbers, smallest first.

    Raises:
        FpbenchError: A size is not a positive whole number.
    """
    return tuple(sorted({_parse_size(str(value)) for value in values}))


def parse_whole(text: str) -> int:
    """Parse a whole number: ``1000``, ``1_000``, ``1e3`` or ``1k``.

    Raises:
        ValueError: It is something else, or above 10^18 in a form other than digits.
    """
    with suppress(ValueError):
        return int(text)
    factor = _SUFFIXES.get(text[-1:].lower(), 1)
    try:
        # Decimal, because 2.3 million is not a whole number in floating point.
        number = Decimal(text[:-1] if factor > 1 else text) * factor
        whole = abs(number) <= _LARGEST and number == int(number)
    except ArithmeticError as err:  # no number, or not a number
        raise ValueError(f"'{text}' is not a whole number") from err
    if not whole:
        raise ValueError(f"'{text}' is not a whole number")
    return int(number)


def _parse_size(part: str) -> int:
    try:
        size = parse_whole(part)
    except ValueError:
        size = 0
    if not 1 <= size <= 1e15:
        raise FpbenchError(
            f"'{part}' is not a database size",
            hint="write a whole number of fingerprints, such as 250000, 1e6 or 10M",
        )
    return size


def short_size(n: int) -> str:
    """Format a size: ``10 k``, ``1.5 M``, ``100 M``: at most four significant digits."""
    for limit, suffix in ((10**12, "T"), (10**9, "B"), (1_000_000, "M"), (1_000, "k")):
        if n >= limit:
            return f"{n / limit:.4g} {suffix}"
    return str(n)


def count_label(number: int, one: str, several: str | None = None) -> str:
    """A number with what it counts: ``1 query``, ``2 queries``.

    Args:
        several: The plural; None adds an s.
    """
    return f"{number} {one if number == 1 else several or f'{one}s'}"


def short_time(seconds: float) -> str:
    """Format a duration: ``42 s``, ``13 min``, ``1.6 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def short_hours(hours: float) -> str:
    """Format hours of audio: ``42 min``, ``13.9 h``, ``13 900 h``, ``15 844 years``."""
    if hours < 1:
        return f"{hours * 60:.0f} min"
    if hours < 100:
        return f"{hours:.1f} h"
    number, unit = (hours, "h") if hours < _MANY_HOURS else (hours / _HOURS_A_YEAR, "years")
    return f"{number:,.0f} {unit}".replace(",", " ")


def parse_age(text: str) -> float:
    """Parse ``12h``, ``30d`` or ``4w`` into seconds.

    Raises:
        FpbenchError: It is something else.
    """
    number, unit = _number_and_unit(text)
    if number is None or unit not in _SECONDS:
        raise FpbenchError(
            f"'{text}' is not an age", hint="write hours, days or weeks: 12h, 30d, 4w"
        )
    return number * _SECONDS[unit]


def parse_bytes(text: str) -> int:
    """Parse ``500MB``, ``20GB`` or ``1.5TB`` into bytes; a unit is a power of 1000.

    Raises:
        FpbenchError: It is something else.
    """
    number, unit = _number_and_unit(text)
    if number is None or unit not in _BYTES:
        raise FpbenchError(
            f"'{text}' is not a size", hint="write it with a unit: 500MB, 20GB, 1.5TB"
        )
    return int(number * _BYTES[unit])


def short_bytes(size_bytes: int | float) -> str:
    """Format a size: ``40 kB``, ``0.4 MB``, ``12.3 GB``."""
    if size_bytes < 1e5:
        return f"{size_bytes / 1e3:.0f} kB" if size_bytes else "0 MB"
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.1f} MB"


def _number_and_unit(text: str) -> tuple[float | None, str]:
    """A number that is not negative, and the letters after it."""
    found = re.fullmatch(r"\s*(\d{1,12}(?:\.\d{1,6})?)\s*([A-Za-z]+)\s*", text, re.ASCII)
    return (None, "") if found is None else (float(found[1]), found[2].lower())
