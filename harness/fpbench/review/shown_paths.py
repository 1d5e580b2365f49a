"""Refuses files for others that name folders of the machine where they were made."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.evidence.evidence import QueryColumns
from fpbench.folder_names import find_path, is_path
from fpbench.json_documents import read_json, refuse_depth

_MOST_TOML_BYTES = 256 << 10


def refuse_folder_names(path: Path) -> None:
    """Refuse a result that holds an absolute path, or a path from a home folder.

    The config beside it, of the same name but ending in ``.toml``, is checked, too, as the two are
    handed in together.

    Raises:
        FpbenchError: There is such a path; the message names the field.
    """
    for field, found in _find_paths(read_json(path), ""):
        raise FpbenchError(
            f"{path}: {field} holds the path '{found}', which tells others about your machine",
            hint="run `fpbench run` again: it records files without their folders",
        )
    config = path.with_suffix(".toml")
    if config.is_file():
        _refuse_in_config(config)


def _refuse_in_config(path: Path) -> None:
    try:
        if path.stat().st_size > _MOST_TOML_BYTES:
            raise ValueError(f"it has more than {_MOST_TOML_BYTES} bytes")
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        refuse_depth(table)
    except (OSError, ValueError, RecursionError) as err:
        raise FpbenchError(f"cannot read {path}: {err}", hint="correct or remove it") from err
    for field, found in _find_paths(table, ""):
        raise FpbenchError(
            f"{path}: {field} holds the path '{found}', which tells others about your machine",
            hint="write it relative to the folder in which the run is started",
        )


def refuse_in_columns(path: Path, columns: QueryColumns | None) -> None:
    """Refuse evidence whose table of queries holds such a path.

    Raises:
        FpbenchError: There is one.
    """
    for name, column in (columns or {}).items():
        for text in {value for value in column if isinstance(value, str)}:
            if is_path(text):
                raise FpbenchError(
                    f"{path}: queries.{name} holds the path '{text}', which tells others about "
                    "your machine",
                    hint="run `fpbench run` again: it records files without their folders",
                )


def _find_paths(value: object, field: str) -> Iterator[tuple[str, str]]:
    """Fields that hold a path, each with the path."""
    if isinstance(value, str):
        if field.endswith(".track") and not is_path(value):
            return  # a name below the dataset's folder, in which a blank may stand before a slash
        found = find_path(value)
        if found is not None:
            yield field, found
    elif isinstance(value, Mapping):
        for key, part in value.items():
            inner = f"{field}.{key}" if field else str(key)
            yield from _find_paths(str(key), inner)
            yield from _find_paths(part, inner)
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _find_paths(part, f"{field}[{place}]")
