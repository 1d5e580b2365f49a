"""Writes the config of a run as a TOML file, with a comment for every setting."""

import json
import os
import re
import textwrap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from fpbench.audio.query_recipe import NAFP, QueryRecipe, recipe_to_json
from fpbench.conversion import described_fields
from fpbench.errors import FpbenchError
from fpbench.files import atomic_file, make_folder
from fpbench.runs.config import RunConfig

_WIDTH = 98

_HEADING = """\
# Settings of `fpbench run --config FILE.toml`; options on the command line override them.
# Datasets and recordings are relative to the current folder, weights to this file's folder.
# A line `# name = value` is a default, which may depend on the dataset."""


def write_config(config: RunConfig, path: Path) -> None:
    """Write every setting to a new file for ``--config``.

    Raises:
        FpbenchError: The name does not end in ``.toml``, or the file exists or cannot be written.
    """
    if path.suffix != ".toml":
        raise FpbenchError(f"'{path}' cannot hold a config", hint="end its name in .toml")
    if path.exists():
        raise FpbenchError(f"'{path}' exists already", hint="choose another file, or delete it")
    make_folder(path.parent)
    try:
        content = config_to_toml(config, path.parent).encode()
    except UnicodeEncodeError as err:
        raise FpbenchError(
            f"'{path}' cannot hold a name that is not UTF-8: {err.object!r}",
            hint="rename the file or folder",
        ) from err
    with atomic_file(path) as file:
        file.write(content)


def config_to_toml(config: RunConfig, folder: Path) -> str:
    """The config as TOML; reading the text gives an equal config.

    Args:
        config: Settings of a run.
        folder: Folder of the TOML file, to which paths of weights are relative.
    """
    lines = [*_HEADING.splitlines(), ""]
    meanings = described_fields(RunConfig.__doc__ or "")
    tables: list[str] = []
    for name in (one.name for one in fields(config)):
        value = getattr(config, name)
        if name == "recipe_given":
            continue
        if name == "recipe":
            tables += ["", *_recipe_lines(value, config.recipe_given)]
        elif isinstance(value, Mapping):
            tables += ["", *_comment(meanings.get(name, "")), *_table_lines(name, value)]
        else:
            lines += [
                *_comment(meanings.get(name, "")),
                _line(name, _plain_value(name, value, folder)),
            ]
    return "\n".join([*lines, *tables]) + "\n"


def _plain_value(name: str, value: object, folder: Path) -> object:
    """A setting as its TOML type; None if the file leaves it out."""
    if isinstance(value, Path):
        return os.path.relpath(value, folder)
    return "track" if name == "tolerance_s" and value is None else value


def _recipe_lines(recipe: QueryRecipe, given: Collection[str]) -> Iterator[str]:
    """The table of the recipe; fields that the user did not give are comments."""
    meanings = described_fields(QueryRecipe.__doc__ or "")
    yield "[recipe]"
    for name, value in recipe_to_json(recipe).items():
        default = "# " if name not in given and getattr(recipe, name) == getattr(NAFP, name) else ""
        if name == "degradations":
            written = _degradation_lines(recipe)
        else:
            written = iter([_line(name, value)])
        yield from _comment(meanings[name])
        yield from (f"{default}{line}".rstrip() for line in written)


def _degradation_lines(recipe: QueryRecipe) -> Iterator[str]:
    if not recipe.degradations:
        yield "degradations = []"
    for step in recipe.degradations:
        yield from ("", "[[recipe.degradations]]", _line("name", step.name))
        yield from (_line(key, value) for key, value in step.options.items())


def _table_lines(name: str, table: Mapping[str, object]) -> Iterator[str]:
    """A table and its inner tables; an empty one is shown as a comment."""
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    if len(inner) < len(table) or not table:
        yield f"[{name}]"
    yield from (_line(key, value) for key, value in table.items() if key not in inner)
    for key, value in inner.items():
        yield from _table_lines(f"{name}.{_key(key)}", value)


def _line(name: str, value: object) -> str:
    """``name = value``; a comment if there is no value, because TOML has no null."""
    return f"# {_key(name)} =" if value is None else f"{_key(name)} = {_value(value)}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)


def _value(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_value, value))}]"
    # The text of JSON is the text of TOML, except for one control character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> Iterator[str]:
    plain = text.replace("``", "`")
    yield from (f"# {line}" for line in textwrap.wrap(plain, _WIDTH - 2))
