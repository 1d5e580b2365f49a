"""Writes files that appear complete or not at all, and that replace no file of another kind."""

import errno
import glob
import hashlib
import io
import json
import os
import platform
import re
import secrets
import stat
import tempfile
import time
import zipfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

import numpy as np

from fpbench.errors import FpbenchError
from fpbench.json_documents import read_json, utf8_document

_LONGEST_START_BYTES = 100  # of a temporary name, which may have 255
_LEFTOVER_S = 7 * 24 * 3600  # no running process leaves its temporary file untouched for so long


def make_folder(path: Path) -> Path:
    """Make a folder and its missing parents; return its path.

    Raises:
        FpbenchError: No permission, no space, or a file has that name.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise FpbenchError(
            f"cannot make folder {path}: {err.strerror}",
            hint="check that no file has this name and that the parent folder is writable",
        ) from err
    return path


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is removed after the block.

    Raises:
        FpbenchError: No folder for temporary files can be written.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="fpbench-")
    except OSError as err:
        raise FpbenchError(
            f"cannot make a temporary folder: {err.strerror or err}",
            hint="set TMPDIR to a folder that is writable and has space",
        ) from err
    with folder as name:
        yield Path(name)


def refuse_unwritable(path: Path, option: str) -> None:
    """Refuse an output file that cannot be written, before the work for it.

    Nothing remains of the attempt: neither a file, nor a folder that was missing.

    Args:
        path: Path of the file, which may exist.
        option: The option or argument that sets the path, for the hint.

    Raises:
        FpbenchError: A file of this name could not be written there.
    """
    folders = (path.parent, *path.parent.parents)
    # os.path, because pathlib raises if a folder above may not be read.
    missing = [folder for folder in folders if not os.path.lexists(folder)]
    try:
        make_folder(path.parent)
        attempt = path.with_name(f"{_hidden_name(path)}.{_unique()}.tmp")
        attempt.touch(exist_ok=False)
        attempt.unlink()
        with suppress(FileNotFoundError):
            if stat.S_ISDIR(path.stat().st_mode):
                raise IsADirectoryError(errno.EISDIR, "it is a folder")
    except OSError as err:
        raise FpbenchError(
            f"cannot write {path}: {err.strerror or err}", hint=f"choose another {option}"
        ) from err
    finally:
        for folder in missing:
            with suppress(OSError):  # another process may use it by now
                folder.rmdir()


def file_version(status: os.stat_result) -> tuple[int, ...]:
    """What changes when a file is written to, also if its size and time are set back after it."""
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


@dataclass(frozen=True, slots=True)
class UnchangedFile:
    """A file that must stay as it is while it is in use.

    Args:
        path: The file.
        version: What changes when it is written to, and not when a backup links it.
    """

    path: Path
    version: tuple[int, ...]

    @classmethod
    def of(cls, path: Path) -> "UnchangedFile":
        """A file as it is now.

        Raises:
            FpbenchError: There is no such file.
        """
        try:
            return cls(path, _written_version(path))
        except OSError as err:
            raise FpbenchError(
                f"cannot read {path}: {err.strerror or err}", hint="check the path"
            ) from err

    def refuse_change(self) -> None:
        """Refuse a file that has been written to, or has disappeared.

        Raises:
            FpbenchError: It is no longer what it was.
        """
        try:
            if _written_version(self.path) == self.version:
                return
            what = "has changed"
        except OSError as err:
            what = f"cannot be read again ({err.strerror or err})"
        raise FpbenchError(
            f"'{self.path}' {what} since it was opened",
            hint="run the same command again, and leave the file alone until it ends",
        )


def _written_version(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def refuse_to_replace(path: Path, kind: str, *, keys: Collection[str], option: str) -> None:
    """Refuse to replace a file of another kind by a new JSON file.

    Args:
        path: Path of the new file. A file may already be there.
        kind: Kind of the new file, for the message.
        keys: JSON keys of which every file of this kind has one, and no other file any.
        option: Option that sets the path, for the hint.

    Raises:
        FpbenchError: The existing file has none of the keys.
    """
    try:
        existing = read_json(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError):
        existing = None
    if not isinstance(existing, dict) or existing.keys().isdisjoint(keys):
        raise FpbenchError(
            f"{path} would be replaced by {kind}, but is another kind of file",
            hint=f"choose another {option}, or move {path.name} away",
        )


def write_output(path: Path, content: bytes) -> None:
    """Write a whole file where a user wants it, and its folder if that is missing.

    Raises:
        FpbenchError: No permission, no space, or a file has the name of the folder.
    """
    make_folder(path.parent)
    with atomic_file(path) as file:
        file.write(content)


@contextmanager
def atomic_file(path: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """Write a file that appears complete under its name, or not at all.

    Args:
        path: Path of the file. Its folder must exist; an existing file is replaced.
        durable: Whether the file survives a power failure after this returns, which costs some
            milliseconds.

    Raises:
        FpbenchError: The folder does not exist, no permission, or no space.
    """
    with atomic_path(path, durable=durable) as temporary, temporary.open("xb") as file:
        yield file


@contextmanager
def atomic_path(path: Path, suffix: str = "", *, durable: bool = True) -> Iterator[Path]:
    """Like :func:`atomic_file`, for writers that take a path.

    Args:
        suffix: Suffix of the temporary name.

    Yields:
        A temporary path that no other process uses.
    """
    _sweep_leftovers(path)
    temporary = path.with_name(f"{_hidden_name(path)}.{_unique()}.tmp{suffix}")
    with translate_write_errors(path):
        try:
            mode = _usual_mode(temporary)
            yield temporary
            temporary.chmod(mode)  # safetensors gives all others no permission
            if durable:
                _sync(temporary)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    if durable:
        _sync(path.parent)


def remove_stale(*paths: Path) -> None:
    """Remove files that belong to an older version of a file that is about to be replaced.

    A kill then leaves a file without its figure or record, but never with those of the older one.

    Raises:
        FpbenchError: A file cannot be removed.
    """
    for path in paths:
        with translate_write_errors(path):
            if path.is_file():
                path.unlink()


def write_arrays(file: IO[bytes] | io.BytesIO, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an uncompressed ``.npz`` file; equal arrays give equal bytes.

    :func:`numpy.savez` leaves the headers to Python, whose versions differ there.
    """
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asanyarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy")  # of 1980, stored
            entry.create_system = 3
            archive.writestr(entry, content.getvalue())


@contextmanager
def translate_write_errors(path: Path) -> Iterator[None]:
    """Turn an OSError into an error that names the file.

    Raises:
        FpbenchError: The file cannot be written.
    """
    try:
        yield
    except OSError as err:
        raise FpbenchError(
            f"cannot write {path}: {err.strerror or err}",
            hint="check that its folder exists, is writable and has space",
        ) from err


def _unique() -> str:
    return f"{os.getpid()}-{_machine()}-{secrets.token_hex(4)}"


def _usual_mode(path: Path) -> int:
    """Permissions of new files here: the umask of the process, or what the folder inherits."""
    path.touch(exist_ok=False)
    mode = stat.S_IMODE(path.stat().st_mode)
    path.unlink()
    return mode


def _sweep_leftovers(path: Path) -> None:
    """Remove temporary files that killed processes left of this file."""
    for leftover in path.parent.glob(f"{glob.escape(_hidden_name(path))}.*.tmp*"):
        with suppress(FileNotFoundError):
            if not _may_be_in_use(leftover):
                leftover.unlink()


def _may_be_in_use(temporary: Path) -> bool:
    """Whether a process may still write a temporary file.

    A process of this machine is asked for. That of another one cannot be asked for, and the clocks
    of the two may differ, so that its file is left alone for days.
    """
    owner = re.search(r"\.([0-9]+)-([0-9a-f]+)-[0-9a-f]+\.tmp", temporary.name)
    if owner is not None and owner[2] == _machine() and os.name == "posix":
        return _is_running(int(owner[1]))
    return time.time() - temporary.stat().st_mtime < _LEFTOVER_S


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # of another user
        return True
    return True


@cache
def _machine() -> str:
    """A name for this machine since it was started, and for the container, if there is one."""
    parts = [platform.node()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
        parts.append(str(Path("/proc/self/ns/pid").stat().st_ino))
    return hashlib.blake2b(" ".join(parts).encode(), digest_size=4).hexdigest()


def _hidden_name(path: Path) -> str:
    """File name with exactly one leading dot: one pattern also matches nested temporary files.

    A long name is cut, so that a name that a disk can hold has a temporary name that it can hold.
    """
    name = "." + path.name.lstrip(".")
    while len(os.fsencode(name)) > _LONGEST_START_BYTES:
        name = name[:-1]
    return name


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
        ValueError: The document holds NaN or infinity, which
            :func:`fpbench.json_documents.json_safe` replaces.
    """
    text = json.dumps(utf8_document(document), indent=2, sort_keys=True, allow_nan=False)
    with atomic_file(path) as file:
        file.write(text.encode() + b"\n")
