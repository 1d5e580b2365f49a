"""Reads, checks and writes results as JSON files."""

import dataclasses
import json
import os
import stat
from collections.abc import Iterator, Mapping
from logging import getLogger
from pathlib import Path
from typing import Any

from fpbench.conversion import convert, json_schema
from fpbench.errors import FpbenchError
from fpbench.files import atomic_file
from fpbench.json_documents import read_json, utf8_document
from fpbench.results.document import SCHEMA_VERSION, Result
from fpbench.stand_ins import refuse_stand_in

logger = getLogger(__name__)

_MOST_BYTES = 16 << 20  # most have some 100 kB, but lists of skipped tracks may be long


def schema() -> dict[str, Any]:
    """The JSON schema of a result, the contract for submissions.

    ``schemas/result.v1.json`` contains it for readers and other programs.
    """
    return json_schema(Result, f"fpbench result, version {SCHEMA_VERSION}")


def dump_result(result: Result) -> str:
    """The result as JSON text; equal results give equal bytes.

    Fields with a default are newer than the format, and are left out while they have it, so that an
    older result is written as it was read.
    """
    document = utf8_document(_to_json(result))
    text = json.dumps(document, indent=2, sort_keys=True, allow_nan=False)
    return text + "\n"


def _to_json(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        fields = {f.name: (getattr(value, f.name), f.default) for f in dataclasses.fields(value)}
        return {name: _to_json(each) for name, (each, default) in fields.items() if each != default}
    if isinstance(value, Mapping):
        return {key: _to_json(each) for key, each in value.items()}
    return [_to_json(each) for each in value] if isinstance(value, list | tuple) else value


def write_result(result: Result, path: Path) -> None:
    """Write a result atomically.

    Raises:
        FpbenchError: The result breaks the schema, with the name of the field, or the file cannot
            be written.
    """
    text = checked_text(result, path)
    with atomic_file(path) as file:
        file.write(text.encode())


def checked_text(result: Result, path: Path) -> str:
    """The text of a result that is going to be written to a file.

    Raises:
        FpbenchError: The result breaks the schema, with the name of the field.
    """
    text = dump_result(result)
    parse_result(json.loads(text), str(path))
    return text


def read_result(path: Path) -> Result:
    """Read and check a result.

    Raises:
        FpbenchError: The file cannot be read, is not JSON, or breaks the schema, with the field and
            its value.
    """
    refuse_stand_in(path)
    try:
        document = read_json(path, _MOST_BYTES)
    except OSError as err:
        raise FpbenchError(f"cannot read {path}: {err.strerror}", hint="check the path") from err
    except ValueError as err:  # of UTF-8, of JSON, or of a number
        raise FpbenchError(
            f"{path} is not JSON: {err}",
            hint="the file may be cut off; run the command again to write it",
        ) from err
    return parse_result(document, str(path))


def result_files(path: Path) -> list[Path]:
    """The result file itself, or all result files below a folder, sorted.

    Fits and trainings write JSON files, too; those below a folder are left out with a warning.

    A folder below that may not be read is in the list, so that reading it says why.

    Raises:
        FpbenchError: ``path`` does not exist, or may not be looked at.
    """
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError) as err:
        raise FpbenchError(
            f"no such file or folder: {path}", hint="give result files or folders"
        ) from err
    except OSError as err:
        raise FpbenchError(f"cannot read {path}: {err.strerror}", hint="check the path") from err
    if not is_folder:
        return [path]
    files = {file: _may_be_result(file) for file in sorted(_json_files(path))}
    others = [str(file) for file, is_result in files.items() if not is_result]
    if others:
        logger.warning("left out files that are not results: %s", ", ".join(others))
    return [file for file, is_result in files.items() if is_result]


def _json_files(folder: Path) -> Iterator[Path]:
    """All JSON files below a folder, and the folders that may not be read: they may hold some."""
    closed: list[OSError] = []
    for name, folders, files in os.walk(folder, onerror=closed.append):
        yield from (Path(name, file) for file in (*folders, *files) if file.endswith(".json"))
    yield from (Path(err.filename) for err in closed)


def _may_be_result(path: Path) -> bool:
    """Whether a JSON file has the form of a result; an unreadable file may be a damaged result."""
    try:
        document = read_json(path, _MOST_BYTES)
    except (OSError, ValueError):
        return True
    return isinstance(document, Mapping) and "schema_version" in document


def parse_result(document: object, source: str) -> Result:
    """Check a document that was read from JSON.

    Args:
        document: Tables, lists and scalars.
        source: File that it is from, for messages.

    Raises:
        FpbenchError: The document breaks the schema, with the field and its value.
    """
    advice = "the format is harness/fpbench/schemas/result.v1.json"
    result = convert(document, Result, source, advice=advice)
    wrong = _wrong_in_config(result.config)
    if wrong is not None:
        raise FpbenchError(
            f"{source}: {wrong}", hint="run `fpbench run` again, and do not edit what it writes"
        )
    return result


def _wrong_in_config(config: Mapping[str, Any]) -> str | None:
    """What is wrong with the fields that comparisons use; the schema leaves the config open."""
    seed, sizes = config.get("seed", 0), config.get("sizes") or []
    if type(seed) is not int or seed < 0:
        return f"config.seed is {seed!r}, not a whole number of at least 0"
    if not isinstance(sizes, list) or any(type(size) is not int for size in sizes):
        return f"config.sizes is {sizes!r}, not a list of whole numbers"
    return None
