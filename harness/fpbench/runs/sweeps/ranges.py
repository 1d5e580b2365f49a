"""Reads the ranges of a sweep: a TOML file with a table for each index."""

import math
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

from fpbench.errors import FpbenchError
from fpbench.plugin.index_names import index_base, index_settings, write_index

_EXAMPLE = "write nprobe = [1, 4, 16], or nprobe = { from = 1, to = 64, times = 2 }"
_MOST_VALUES = 1_000
"""Values of a range, and settings of an index; a run takes far fewer."""


def read_sweep(path: Path) -> list[str]:
    """The settings of a sweep, every combination of the values of each index.

    Args:
        path: Its tables have names of indexes. A value is one, a list, or a range: ``from``, ``to``
            and ``step`` or ``times``, with both ends.

    Raises:
        FpbenchError: The file cannot be read, is not TOML, or has something else in it.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as err:
        raise FpbenchError(f"cannot read {path}: {err.strerror}", hint="check --sweep") from err
    except (ValueError, RecursionError) as err:
        raise FpbenchError(f"{path} is not TOML: {err}", hint="see https://toml.io") from err
    names: list[str] = []
    for index, table in tables.items():
        if not isinstance(table, Mapping) or not table:
            raise FpbenchError(
                f"{path}: '{index}' is no table of settings",
                hint=f"write [ivf], and below it the values of each setting: {_EXAMPLE}",
            )
        ranges = {key: _values(value, f"{path}: {index}.{key}") for key, value in table.items()}
        if math.prod(map(len, ranges.values())) > _MOST_VALUES:
            raise FpbenchError(
                f"{path}: '{index}' has more than {_MOST_VALUES} settings",
                hint="give fewer values: every combination is a setting",
            )
        for values in product(*ranges.values()):
            settings = index_settings(index) | dict(zip(ranges, values, strict=True))
            names.append(write_index(index_base(index), settings))
    if not names:
        raise FpbenchError(f"{path} has no settings to sweep", hint=f"write [ivf]: {_EXAMPLE}")
    return list(dict.fromkeys(names))


def _values(value: Any, where: str) -> list[str]:
    """The values of one setting as text."""
    if isinstance(value, Mapping):
        return _range(value, where)
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(one, int | float | str) for one in values):
        raise FpbenchError(f"{where} has no values that are numbers or texts", hint=_EXAMPLE)
    texts = [str(one).lower() if isinstance(one, bool) else str(one) for one in values]
    if any("," in text or not text for text in texts):
        raise FpbenchError(f"{where} has an empty value, or a comma in one", hint=_EXAMPLE)
    return texts


def _range(table: Mapping[str, Any], where: str) -> list[str]:
    """The numbers from one to another, both included, by a step or by a factor."""
    rule = next((name for name in ("step", "times") if name in table), "step")
    numbers = [
        one
        for name in ("from", "to", rule)
        if isinstance(one := table.get(name), int | float) and not isinstance(one, bool)
    ]
    if {"from", "to", rule} != table.keys() or len(numbers) < len(table):
        raise FpbenchError(f"{where} has no range of numbers", hint=_EXAMPLE)
    # In floating point, 1.1 + 0.1 + 0.1 is above 1.3, and the end would be missing.
    first, last, step = (Decimal(str(one)) for one in numbers)
    if not all(map(math.isfinite, numbers)):
        raise FpbenchError(f"{where} has no range of finite numbers", hint=_EXAMPLE)
    grows = first < first + step if rule == "step" else 0 < first < first * step
    if not grows or first > last:
        raise FpbenchError(f"{where} is no increasing range", hint=_EXAMPLE)
    values = []
    while first <= last:
        values.append(f"{first.normalize():f}")
        first = first + step if rule == "step" else first * step
        if len(values) > _MOST_VALUES:
            raise FpbenchError(f"{where} has more than {_MOST_VALUES} values", hint=_EXAMPLE)
    return values
