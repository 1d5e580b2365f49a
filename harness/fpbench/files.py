"""Files that appear whole under their name or not at all, and that replace nothing else."""

import glob
import json
import math
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from fpbench.errors import FpbenchError

_LEFTOVER_S = 3600  # a temporary file untouched for so long belongs to no running process


def make_folder(path: Path) -> Path:
    """The same folder, made with those above it where it is not there yet.

    Raises:
        FpbenchError: It cannot be made: no permission, no space, or a file in its place.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise FpbenchError(
            f"cannot make folder {path}: {err.strerror}",
            hint="check that no file has its name, and that the folder above may be written to",
        ) from err
    return path


def refuse_to_replace(path: Path, kind: str, *, key: str, option: str) -> None:
    """Leave alone a JSON file of another kind than the one that is to be written.

    Args:
        path: To be written; there may be none yet, or one of an earlier time.
        kind: What is to be written, for the message.
        key: That only files of this kind have.
        option: Which the user can change.

    Raises:
        FpbenchError: What is there does not have the key.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or key not in found:
        raise FpbenchError(
            f"{path} would be replaced by {kind}, and is something else",
            hint=f"choose another {option}, or move {path.name} away",
        )


@contextmanager
def atomic_file(path: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """Write a file that appears whole under its name, or not at all.

    Args:
        path: Its folder must exist. A file of that name is replaced.
        durable: Whether it survives a power cut once this returns; costs some milliseconds.

    Raises:
        FpbenchError: There is no such folder, no permission, or no space.
    """
    with atomic_path(path, durable=durable) as temporary, temporary.open("xb") as file:
        yield file


@contextmanager
def atomic_path(path: Path, suffix: str = "", *, durable: bool = True) -> Iterator[Path]:
    """As :func:`atomic_file`, for what writes files by their name.

    Args:
        suffix: Of the name to write to until the file is whole.

    Returns:
        A name that no other process has.
    """
    _sweep_leftovers(path)
    unique = f"{os.getpid()}-{secrets.token_hex(4)}"
    temporary = path.with_name(f"{_hidden_name(path)}.{unique}.tmp{suffix}")
    with translate_write_errors(path):
        try:
            yield temporary
            if durable:
                _sync(temporary)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    if durable:
        _sync(path.parent)


@contextmanager
def translate_write_errors(path: Path) -> Iterator[None]:
    """Say which file it was that could not be written.

    Raises:
        FpbenchError: Instead of any OSError.
    """
    try:
        yield
    except OSError as err:
        raise FpbenchError(
            f"cannot write {path}: {err.strerror or err}",
            hint="check that its folder exists, may be written to, and has space",
        ) from err


def _sweep_leftovers(path: Path) -> None:
    """Remove what killed processes left of this file, once they are surely dead."""
    for leftover in path.parent.glob(f"{glob.escape(_hidden_name(path))}.*.tmp*"):
        with suppress(FileNotFoundError):
            if time.time() - leftover.stat().st_mtime > _LEFTOVER_S:
                leftover.unlink()


def _hidden_name(path: Path) -> str:
    """With one dot, also if ``path`` is temporary itself, so that what is left of both is found."""
    return "." + path.name.lstrip(".")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, document: object) -> None:
    """Write a JSON document; equal documents give equal bytes.

    Raises:
        FpbenchError: The file cannot be written.
        ValueError: It holds NaN or infinity: :func:`json_safe` takes them out.
    """
    text = json.dumps(document, indent=2, sort_keys=True, allow_nan=False)
    with atomic_file(path) as file:
        file.write(text.encode() + b"\n")


def json_safe(value: object) -> object:
    """The same value with None for every NaN and infinity, which JSON does not have."""
    if isinstance(value, Mapping):
        return {key: json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
