"""The config of a run, from a file and from arguments of Python or the command line."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fpbench.audio.query_recipe import recipe_from_json
from fpbench.conversion import option_texts
from fpbench.errors import FpbenchError
from fpbench.files import refuse_to_replace
from fpbench.runs.config import RunConfig, read_config
from fpbench.units import parse_sizes, whole_sizes

_FILES = ("weights", "generator_weights")


def config_from_arguments(file: Path | None, given: Mapping[str, Any], source: str) -> RunConfig:
    """Read settings from a file, overridden by arguments.

    Args:
        file: TOML file as for ``--config``; None means defaults.
        given: Fields of :class:`RunConfig` by name; None for absent ones. In addition, ``queries``
            and ``query_length_s`` change the recipe, which may be a table as in TOML;
            ``tolerance_s`` may be ``"track"``; sizes may be numbers such as ``1e6``, or one text
            such as ``"1e4,1M"``; options may be numbers and switches.
        source: Source of the arguments, for messages.

    Raises:
        FpbenchError: The file cannot be read, or a field does not take its value.
    """
    fields = {name: value for name, value in given.items() if value is not None}
    queries, length_s = fields.pop("queries", None), fields.pop("query_length_s", None)
    fields |= {name: Path(fields[name]) for name in _FILES if name in fields}
    fields |= {name: option_texts(fields[name]) for name in fields if name.endswith("_options")}
    if isinstance(fields.get("recipe"), Mapping):
        fields["recipe"] = recipe_from_json(fields["recipe"], source, "recipe")
    if fields.get("tolerance_s") == "track":
        fields["tolerance_s"] = None
    if "sizes" in fields:
        sizes = fields["sizes"]
        fields["sizes"] = parse_sizes(sizes) if isinstance(sizes, str) else whole_sizes(sizes)
    if "indexes" in fields:
        indexes = fields["indexes"]
        fields["indexes"] = (indexes,) if isinstance(indexes, str) else tuple(indexes)
    config = read_config(file, fields, source)
    changes = {"n_queries": queries, "query_length_s": length_s}
    changes = {name: value for name, value in changes.items() if value is not None}
    try:
        return replace(config, recipe=replace(config.recipe, **changes))
    except ValueError as err:
        raise FpbenchError(f"{source}: {err}", hint="give a positive number") from err


def refuse_out(out: Path) -> None:
    """Refuse an output file whose suffix is wrong, or that is another kind of JSON file.

    Raises:
        FpbenchError: The name does not end in ``.json``, or the file exists and is not a result.
    """
    if out.suffix != ".json":
        raise FpbenchError(f"'{out}' cannot hold a result", hint="end its name in .json")
    refuse_to_replace(out, "the result", key="schema_version", option="--out")
