"""The config of a run, from a task, a file, and arguments of Python or the command line."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from fpbench.audio.query_recipe import QueryRecipe, recipe_from_json
from fpbench.conversion import convert, field_types, option_texts
from fpbench.errors import FpbenchError
from fpbench.files import refuse_to_replace
from fpbench.plugin.catalog import Catalog
from fpbench.results.fields import FileName
from fpbench.results.files import VERSIONS
from fpbench.runs.config import RunConfig, expand_indexes, read_config
from fpbench.runs.query_lengths import ask_longest
from fpbench.runs.tasks import claim_task, read_task, task_settings
from fpbench.tables import show_text
from fpbench.units import parse_sizes, whole_sizes
from fpbench.user_paths import expand_path

_FILES = ("weights", "generator_weights")
_OF_RECIPE = {"queries": "n_queries", "query_length_s": "query_length_s"}


def config_from_arguments(
    file: Path | None, given: Mapping[str, Any], source: str, catalog: Catalog
) -> RunConfig:
    """Read settings from a task and a file, overridden by arguments.

    Args:
        file: TOML file as for ``--config``; None means defaults.
        given: Fields of :class:`RunConfig` by name; None for absent ones. In addition, ``queries``
            and ``query_length_s`` change the recipe, which may be a table as in TOML;
            ``tolerance_s`` may be ``"track"``; queries may be ``1e3``; sizes and
            ``beyond`` may be numbers such as ``1e6``, or one text such as ``"1e4,1M"``; options may
            be numbers and switches.
        source: Source of the arguments, for messages.
        catalog: Knows the tasks.

    Raises:
        FpbenchError: The file cannot be read, no task has that name, or a field does not take its
            value.
    """
    fields, changes = _read_fields(given, source)

    def of_task(name: str) -> Mapping[str, Any]:
        return task_settings(name, read_task(catalog, name))

    config = read_config(file, fields, source, of_task=of_task)
    try:
        recipe = replace(config.recipe, **changes)
        config = replace(config, recipe=recipe, recipe_given=config.recipe_given.union(changes))
    except ValueError as err:
        raise FpbenchError(f"{source}: {err}", hint="change that number") from err
    config = _agree_on_lengths(config, given, source)
    if config.task is None:
        return config
    return claim_task(config, read_task(catalog, config.task))


def _read_fields(given: Mapping[str, Any], source: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments as fields of a config, and those that change its recipe.

    Raises:
        FpbenchError: One has a value that it does not take.
    """
    # The numbers of NumPy are no numbers to msgspec.
    fields = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in given.items()
        if value is not None
    }
    if isinstance(fields.get("queries"), float) and fields["queries"].is_integer():
        fields["queries"] = int(fields["queries"])
    changes = {
        field: convert(fields.pop(name), field_types(QueryRecipe)[field], source, where=name)
        for name, field in _OF_RECIPE.items()
        if name in fields
    }
    fields |= {name: as_path(fields[name], name, source) for name in _FILES if name in fields}
    fields |= {name: option_texts(fields[name]) for name in fields if name.endswith("_options")}
    if isinstance(fields.get("recipe"), Mapping):
        fields["recipe_given"] = frozenset(fields["recipe"])
        fields["recipe"] = recipe_from_json(fields["recipe"], source, "recipe")
    if fields.get("tolerance_s") == "track":
        fields["tolerance_s"] = None
    for name in ("sizes", "beyond"):
        if name in fields:
            fields[name] = _sizes(fields[name], name, source)
    if "query_lengths_s" in fields:
        fields["query_lengths_s"] = _lengths_s(fields["query_lengths_s"], source)
    if "test_ids" in fields:
        fields["test_ids"] = str(fields["test_ids"])
    if "indexes" in fields:
        fields["indexes"] = _indexes(fields["indexes"], source)
    return fields, changes


def _sizes(value: Any, name: str, source: str) -> tuple[int, ...]:
    """Numbers of distractors from numbers, or from one text such as ``"1e4,1M"``."""
    if isinstance(value, str):
        return parse_sizes(value)
    return whole_sizes(_each(value, name, source))


def _indexes(value: Any, source: str) -> object:
    """Names of indexes from a list or from one of them, with a name for each setting."""
    one_name = isinstance(value, str)
    names = (value,) if one_name else tuple(_each(value, "indexes", source))
    return expand_indexes(names, source)


def _agree_on_lengths(config: RunConfig, given: Mapping[str, Any], source: str) -> RunConfig:
    """The config with queries of the longest of its lengths; a single argument replaces several.

    Raises:
        FpbenchError: The arguments name several lengths, and another one as the only one.
    """
    if config.protocol is not None or given.get("query_length_s") is None:
        return ask_longest(config)
    if given.get("query_lengths_s") is None:
        return replace(config, query_lengths_s=())
    longest_s = config.query_lengths_s[-1] if config.query_lengths_s else None
    if longest_s not in (None, config.recipe.query_length_s):
        raise FpbenchError(
            f"{source}: queries of {config.recipe.query_length_s:g} s are not the longest of "
            f"query_lengths_s, {longest_s:g} s",
            hint="leave out the single length",
        )
    return ask_longest(config)


def _lengths_s(value: object, source: str) -> tuple[float, ...]:
    """Lengths of queries from numbers, or from one text such as ``"1,2,3"``.

    Raises:
        FpbenchError: One is no number.
    """
    one_text = isinstance(value, str)
    parts = value.split(",") if isinstance(value, str) else _each(value, "query_lengths_s", source)
    try:
        return tuple(_length_s(part) for part in parts)
    except (TypeError, ValueError, OverflowError) as err:
        raise FpbenchError(
            f"{source}: query_lengths_s cannot be {value!r}",
            hint="write seconds, such as " + ("1,2,3" if one_text else "[1, 2, 3]"),
        ) from err


def _length_s(value: Any) -> float:
    if isinstance(value, bool):  # which float() takes
        raise TypeError(value)
    return float(value)


def refuse_out(out: Path, config: Path | None = None, *, option: str = "--out") -> None:
    """Refuse an output file whose suffix is wrong, or that is another kind of JSON file.

    Args:
        out: The output file.
        config: The file of settings, which may be an older result.
        option: The option or argument that sets ``out``, for the hint.

    Raises:
        FpbenchError: The name does not end in ``.json``, or holds what a result cannot hold, which
            names the files beside it; the file exists and is not a result, or it is the file of
            settings.
    """
    if out.suffix != ".json":
        raise FpbenchError(f"'{out}' cannot hold a result", hint="end its name in .json")
    try:
        convert(os.fsencode(out.name).decode("utf-8"), FileName, option)
    except (FpbenchError, UnicodeDecodeError) as err:
        raise FpbenchError(
            f"'{show_text(str(out))}' cannot name a result and the files beside it",
            hint=f"choose another {option}: of visible characters in UTF-8, without | < > and \\",
        ) from err
    refuse_to_replace(out, "the result", keys=VERSIONS, option=option)
    if config is not None and config.resolve() == out.resolve():
        raise FpbenchError(
            f"the settings and the result are the same file {out}, which the run would replace",
            hint=f"choose another {option}",
        )


def as_path(value: object, name: str, source: str) -> Path:
    """The path that an argument names, with ``~`` replaced.

    Raises:
        FpbenchError: It is no path, empty, or in an unknown home folder.
    """
    if not isinstance(value, str | PathLike) or value == "":
        raise FpbenchError(f"{source}: {name} cannot be {value!r}", hint="give a path")
    return expand_path(value)


def _each(values: Any, name: str, source: str) -> Iterable[Any]:
    if not isinstance(values, Iterable):
        raise FpbenchError(
            f"{source}: {name} cannot be {values!r}", hint=f"give a list: [{values}]"
        )
    return values
