"""Results as JSON files: read, checked against the schema and written here and nowhere else."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from logging import getLogger
from pathlib import Path
from typing import Any

from fpbench.errors import FpbenchError
from fpbench.files import atomic_file
from fpbench.results.document import Result

logger = getLogger(__name__)


@cache
def schema() -> dict[str, Any]:
    """The JSON schema of a result, the contract for submissions."""
    text = files("fpbench").joinpath("schemas/result.v1.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def dump_result(result: Result) -> str:
    """JSON text; equal results are equal bytes."""
    return json.dumps(dataclasses.asdict(result), indent=2, sort_keys=True, allow_nan=False) + "\n"


def write_result(result: Result, path: Path) -> None:
    """Write atomically: whoever looks sees the whole result or none."""
    text = dump_result(result)
    _check(json.loads(text), str(path))
    with atomic_file(path) as file:
        file.write(text.encode())


def read_result(path: Path) -> Result:
    """Read and check a result.

    Raises:
        FpbenchError: Not readable, not JSON, or not by the schema; names the field and value.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text, parse_constant=_no_number)
    except OSError as err:
        raise FpbenchError(f"cannot read {path}: {err.strerror}", hint="check the path") from err
    except ValueError as err:  # of UTF-8, of JSON, or of a number
        raise FpbenchError(
            f"{path} is not JSON: {err}", hint="was it cut off? `fpbench run` writes it again"
        ) from err
    _check(document, str(path))
    result: Result = _load(Result, document)
    return result


def result_files(path: Path) -> list[Path]:
    """A result file itself, or all below a folder, sorted.

    Fits and trainings leave JSON files, too; those below a folder are left out with a warning.

    Raises:
        FpbenchError: There is nothing at ``path``.
    """
    if path.is_dir():
        found = {file: _may_be_result(file) for file in sorted(path.rglob("*.json"))}
        others = [str(file) for file, wanted in found.items() if not wanted]
        if others:
            logger.warning("left out, as no results: %s", ", ".join(others))
        return [file for file, wanted in found.items() if wanted]
    if not path.exists():
        raise FpbenchError(f"no such file or folder: {path}", hint="give result files or folders")
    return [path]


def _may_be_result(path: Path) -> bool:
    """Whether a JSON file claims to be a result; one that cannot be read may be a damaged one."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True
    return isinstance(document, Mapping) and "schema_version" in document


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _check(document: object, name: str) -> None:
    import jsonschema

    validator = jsonschema.Draft202012Validator(schema())
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    if error is not None:
        where = ".".join(str(part) for part in error.absolute_path) or "the document"
        raise FpbenchError(
            f"{name}: {where}: {_shorten(error.message)}",
            hint="the format is harness/fpbench/schemas/result.v1.json",
        )


def _shorten(message: str, limit: int = 300) -> str:
    return message if len(message) <= limit else f"{message[:limit]} …"


def _load(kind: Any, value: Any) -> Any:
    """Dictionaries and lists from JSON into the dataclasses that ``kind`` names."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        return kind(
            **{f.name: _load(hints[f.name], value[f.name]) for f in dataclasses.fields(kind)}
        )
    if isinstance(kind, types.UnionType):
        if value is None:
            return None
        return _load(next(k for k in typing.get_args(kind) if k is not type(None)), value)
    if typing.get_origin(kind) is Sequence:
        return [_load(typing.get_args(kind)[0], item) for item in value]
    return value
