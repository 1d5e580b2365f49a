"""Files that can be made again: named by what they were made from, whole or not there."""

import dataclasses
import glob
import hashlib
import io
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from logging import getLogger
from pathlib import Path
from typing import IO

import numpy as np
import platformdirs

from fpbench.errors import FpbenchError

logger = getLogger(__name__)

_DIGEST_BYTES = 32
_LEFTOVER_S = 3600  # a temporary file untouched for so long belongs to no running process


@dataclasses.dataclass(frozen=True, slots=True)
class Store:
    """A folder of content-addressed files. Several processes may share it.

    Args:
        root: Made when first written to.
    """

    root: Path

    @classmethod
    def open(cls, root: Path | None = None) -> "Store":
        """The store at ``root``, else at ``FPBENCH_CACHE``, else in the user's cache folder."""
        given = root or os.environ.get("FPBENCH_CACHE")
        return cls(Path(given) if given else platformdirs.user_cache_path("fpbench"))

    def path(self, kind: str, key: str, suffix: str = "") -> Path:
        """Where something lives; folders stay small because keys spread over 256 of them."""
        return self.root / kind / key[:2] / (key + suffix)

    def size_bytes(self) -> int:
        """Of all files in it."""
        return sum(path.stat().st_size for path in self.root.rglob("*") if path.is_file())

    def write(
        self, kind: str, key: str, arrays: Mapping[str, np.ndarray], *, durable: bool = True
    ) -> None:
        """Store arrays under a key, with a checksum."""
        path = self.path(kind, key, ".npz")
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        payload = buffer.getvalue()
        made_folder(path.parent)
        with atomic_file(path, durable=durable) as file:
            file.write(_digest(payload) + payload)

    def read(self, kind: str, key: str) -> dict[str, np.ndarray] | None:
        """The arrays under a key; None if there are none or the file is damaged."""
        try:
            content = self.path(kind, key, ".npz").read_bytes()
        except FileNotFoundError:
            return None
        except OSError as err:
            raise FpbenchError(
                f"cannot read the cache {self.root}: {err.strerror}",
                hint="give another folder with --cache or $FPBENCH_CACHE",
            ) from err
        payload = content[_DIGEST_BYTES:]
        if content[:_DIGEST_BYTES] != _digest(payload):
            logger.warning("%s %s in the cache is damaged and is made again", kind, key)
            return None
        with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
            return dict(arrays)


def content_key(**parts: object) -> str:
    """A name for what is made from ``parts``: equal parts, equal name, on every machine.

    Args:
        parts: What JSON can hold, and dataclasses of it. Tuples and lists are the same.

    Raises:
        TypeError: A part is something else.
        ValueError: A part is NaN or infinite.
    """
    text = json.dumps(
        parts, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_as_json
    )
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def made_folder(path: Path) -> Path:
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
    temporary = path.with_name(f"{_hidden(path)}.{unique}.tmp{suffix}")
    with writing(path):
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
def writing(path: Path) -> Iterator[None]:
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
    for leftover in path.parent.glob(f"{glob.escape(_hidden(path))}.*.tmp*"):
        with suppress(FileNotFoundError):
            if time.time() - leftover.stat().st_mtime > _LEFTOVER_S:
                leftover.unlink()


def _hidden(path: Path) -> str:
    """With one dot, also if ``path`` is temporary itself, so that what is left of both is found."""
    return "." + path.name.lstrip(".")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_DIGEST_BYTES).digest()


def _as_json(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no place in a content key")
