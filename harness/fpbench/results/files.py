"""Reads, checks and writes results as JSON files."""

import dataclasses
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from logging import getLogger
from pathlib import Path
from typing import Any, Literal

from fpbench.conversion import convert, json_schema
from fpbench.errors import FpbenchError
from fpbench.files import atomic_file
from fpbench.json_documents import read_json, utf8_document
from fpbench.results.canonical import ID, canonical_bytes, hash_document, readable_text
from fpbench.results.document import FORMAT, Result
from fpbench.results.failures import FAILED, FailedRun
from fpbench.results.migrations import migrate
from fpbench.stand_ins import refuse_stand_in

logger = getLogger(__name__)

MOST_EXTRA_BYTES = 10_000
"""Canonical size of the largest field ``extra``."""

MOST_BYTES: Mapping[str, int] = {".json": 100_000, ".toml": 20_000, ".npz": 5_000_000}
"""Largest size of a submitted file, by suffix; other files are refused."""

VERSIONS = frozenset({"result_format", "schema_version"})
"""Fields of which every result has one, the second until format 1.0, and no other JSON file."""

_MOST_BYTES = 16 << 20  # most have some 100 kB, but lists of skipped tracks may be long


def schema() -> dict[str, Any]:
    """The JSON schema of a result, the contract for submissions.

    ``schemas/result-1.0.json`` contains it for readers and other programs.
    """
    title = f"fpbench result, format {FORMAT}"
    whole, failed = json_schema(Result, title), json_schema(FailedRun, title)
    either = [{"$ref": whole.pop("$ref")}, {"$ref": failed["$ref"]}]
    return {**whole, "anyOf": either, "$defs": whole["$defs"] | failed["$defs"]}


def result_document(result: Result | FailedRun) -> dict[str, Any]:
    """The JSON document of a result, with its ``result_id``; equal results give equal documents.

    Fields are left out while they have their default.
    """
    document: Any = utf8_document(_to_json(result))
    document.pop(ID, None)
    return {**document, ID: hash_document(document)}


def identify(result: Result) -> str:
    """The ``result_id`` of a result as it is now, whatever its field says."""
    return str(result_document(result)[ID])


def warn_of_copies(results: Iterable[tuple[Path, Result]]) -> None:
    """Warn of results that are there twice: by two paths, or in two files."""
    first: dict[str, Path] = {}
    for path, result in results:
        known = first.setdefault(identify(result), path)
        if known is not path:
            logger.warning("%s and %s are the same result", known, path)


def dump_result(result: Result | FailedRun) -> str:
    """The result as JSON text; equal results give equal bytes."""
    return readable_text(result_document(result))


def _to_json(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        fields = {f.name: (getattr(value, f.name), f.default) for f in dataclasses.fields(value)}
        return {
            name: _to_json(each)
            for name, (each, default) in fields.items()
            if each != default and not (default == () and each == [])
        }
    if isinstance(value, Mapping):
        return {key: _to_json(each) for key, each in value.items()}
    return [_to_json(each) for each in value] if isinstance(value, list | tuple) else value


def write_result(result: Result | FailedRun, path: Path) -> None:
    """Write a result atomically.

    Raises:
        FpbenchError: The result breaks the schema, with the name of the field, or the file cannot
            be written.
    """
    text = checked_text(result, path)
    with atomic_file(path) as file:
        file.write(text.encode())


def checked_text(result: Result | FailedRun, path: Path) -> str:
    """The text of a result that is going to be written to a file.

    Raises:
        FpbenchError: The result breaks the schema, with the name of the field.
    """
    # What was read is written: it has 1.0 where a caller gave 1.
    return dump_result(parse_document(result_document(result), str(path)))


def read_result(path: Path, *, edited: bool = False) -> Result:
    """Read and check a result.

    Args:
        edited: Whether it may have been edited, for a review that names all of its problems.

    Raises:
        FpbenchError: The file cannot be read, is not JSON, or breaks the schema, with the field and
            its value; it is of a run that failed; or its ``result_id`` is of other content.
    """
    document = _read_json(path)
    result = parse_result(document, str(path))
    if isinstance(document, Mapping) and not edited:
        _refuse_edited(document, path)
    return result


def read_document(path: Path) -> Result | FailedRun:
    """Read and check a result, or the record of a run that failed, whatever its ``result_id`` is.

    Raises:
        FpbenchError: The file cannot be read, is not JSON, or breaks the schema, with the field and
            its value.
    """
    return parse_document(_read_json(path), str(path))


def _read_json(path: Path) -> object:
    refuse_stand_in(path)
    try:
        return read_json(path, _MOST_BYTES)
    except OSError as err:
        raise FpbenchError(f"cannot read {path}: {err.strerror}", hint="check the path") from err
    except ValueError as err:  # of UTF-8, of JSON, or of a number
        raise FpbenchError(
            f"{path} is not JSON: {err}",
            hint="the file may be cut off; run the command again to write it",
        ) from err


def _refuse_edited(document: Mapping[str, object], path: Path) -> None:
    """Refuse a result that is not as it was written; earlier formats have no hash."""
    if "result_format" in document and document.get(ID) != hash_document(document):
        raise FpbenchError(
            f"{path}: field '{ID}' is not the hash of the other fields: the file was edited",
            hint="run its command again, which uses what is in the cache; `fpbench validate` names "
            "what does not follow from the evidence",
        )


def has_todays_format(path: Path) -> bool:
    """Whether a result that can be read needs no migration."""
    document = read_json(path, _MOST_BYTES)
    return isinstance(document, Mapping) and "result_format" in document


def result_files(path: Path) -> list[Path]:
    """The result file itself, or all result files below a folder, sorted.

    Fits and trainings write JSON files, too, and runs that fail; those below a folder are left out
    with a warning.

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
    files = {file: _find_kind(file) for file in sorted(_json_files(path))}
    for kind, words in (("other", "files that are not results"), ("failed", "failed runs")):
        left_out = [str(file) for file, found in files.items() if found == kind]
        if left_out:
            logger.warning("left out %s: %s", words, ", ".join(left_out))
    return [file for file, kind in files.items() if kind == "result"]


def _json_files(folder: Path) -> Iterator[Path]:
    """All JSON files below a folder, and the folders that may not be read: they may hold some."""
    closed: list[OSError] = []
    for name, folders, files in os.walk(folder, onerror=closed.append):
        yield from (Path(name, file) for file in (*folders, *files) if file.endswith(".json"))
    yield from (Path(err.filename) for err in closed)


def _find_kind(path: Path) -> Literal["result", "failed", "other"]:
    """What a JSON file is by its form; an unreadable file may be a damaged result."""
    try:
        document = read_json(path, _MOST_BYTES)
    except (OSError, ValueError):
        return "result"
    if not isinstance(document, Mapping) or VERSIONS.isdisjoint(document):
        return "other"
    return "failed" if document.get("status") == FAILED else "result"


def parse_result(document: object, source: str) -> Result:
    """Check a document that was read from JSON, of today's or an earlier format.

    Args:
        document: Tables, lists and scalars.
        source: File that it is from, for messages.

    Raises:
        FpbenchError: The document breaks the schema, with the field and its value; or it is of a
            run that failed.
    """
    return _refuse_failed(parse_document(document, source), source)


def parse_document(document: object, source: str) -> Result | FailedRun:
    """Check a document as :func:`parse_result`, also that of a run that failed.

    Raises:
        FpbenchError: The document breaks the schema, with the field and its value.
    """
    if isinstance(document, Mapping):
        document = migrate(document)
        _refuse_newer(document, source)
    advice = f"the format is harness/fpbench/schemas/result-{FORMAT}.json"
    if isinstance(document, Mapping) and document.get("status") == FAILED:
        return convert(document, FailedRun, source, advice=advice)
    result = convert(document, Result, source, advice=advice)
    size = len(canonical_bytes(result.extra))
    if size > MOST_EXTRA_BYTES:
        raise FpbenchError(
            f"{source}: field 'extra' has {size} bytes, more than {MOST_EXTRA_BYTES}",
            hint="keep such data in another file",
        )
    return result


def _refuse_newer(document: Mapping[str, Any], source: str) -> None:
    """Refuse another format by its name, not by the first field that it has and today's has not."""
    found = document.get("result_format")
    if isinstance(found, str) and found != FORMAT:
        raise FpbenchError(
            f"{source}: field 'result_format' cannot be {found[:20]!r}",
            hint=f"this version reads format {FORMAT} and earlier ones; update fpbench if the "
            "result is of a newer one",
        )


def _refuse_failed(document: Result | FailedRun, source: str) -> Result:
    if isinstance(document, FailedRun):
        failure = document.failure
        raise FpbenchError(
            f"{source} is of a run that failed at '{failure.stage}': {failure.error}",
            hint=f"after mending that, `fpbench run --config {source}` runs it again",
        )
    return document
