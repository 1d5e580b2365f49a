"""Writes files that appear complete or not at all, and that replace no file of another kind."""

import errno
import glob
import hashlib
import io
import json
import math
import os
import platform
import re
import secrets
import stat
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO

import numpy as np

from fpbench.errors import FpbenchError

_MAX_JSON_BYTES = 1 << 28
_MAX_DEPTH = 64
_MAX_WHOLE = (1 << 63) - 1
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


def refuse_to_replace(path: Path, kind: str, *, key: str, option: str) -> None:
    """Refuse to replace a file of another kind by a new JSON file.

    Args:
        path: Path of the new file. A file may already be there.
        kind: Kind of the new file, for the message.
        key: JSON key that only files of this kind have.
        option: Option that sets the path, for the hint.

    Raises:
        FpbenchError: The existing file does not have the key.
    """
    try:
        existing = read_json(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError):
        existing = None
    if not isinstance(existing, dict) or key not in existing:
        raise FpbenchError(
            f"{path} would be replaced by {kind}, but is another kind of file",
            hint=f"choose another {option}, or move {path.name} away",
        )


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
        ValueError: The document holds NaN or infinity; :func:`json_safe` replaces them.
    """
    text = json.dumps(utf8_document(document), indent=2, sort_keys=True, allow_nan=False)
    with atomic_file(path) as file:
        file.write(text.encode() + b"\n")


def read_json(path: Path, most_bytes: int = _MAX_JSON_BYTES) -> object:
    """Read a JSON document that may be damaged or made with intent.

    Args:
        path: A file, or a link to one.
        most_bytes: Size of the largest document.

    Raises:
        OSError: The file cannot be read.
        ValueError: See :func:`parse_json`; or the file is not UTF-8.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for its writer
        if stat.S_ISDIR(status.st_mode):
            os.listdir(path)  # noqa: PTH208 - raises if it may not be read
            raise OSError(errno.EISDIR, "it is a folder")
        raise OSError(errno.EINVAL, "it is not a file")
    if status.st_size > most_bytes:
        raise ValueError(f"it has {status.st_size} bytes, and not {most_bytes} at most")
    return parse_json(path.read_text(encoding="utf-8"))


def parse_json(text: str) -> object:
    """Parse JSON strictly: NaN, infinity and numbers of more than 64 bits are refused.

    Raises:
        ValueError: It is not JSON, is nested too deeply, names a key twice, or has such a number or
            half a character.
    """
    try:
        document: object = json.loads(
            text,
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_no_repeat,
        )
    except RecursionError as err:
        raise ValueError("it is nested too deeply") from err
    refuse_depth(document)
    if "\\u" in text:  # half a surrogate pair can be written as an escape, but never printed
        json.dumps(document, ensure_ascii=False).encode()
    return document


def _no_repeat(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table: dict[str, object] = {}
    for name, value in pairs:
        if name in table:
            raise ValueError(f"it has the key {name[:40]!r} twice")
        table[name] = value
    return table


def refuse_depth(document: object) -> None:
    """Refuse what is nested so deeply that a function that calls itself would not get through.

    Raises:
        ValueError: It is.
    """
    level = [document]
    for _ in range(_MAX_DEPTH):
        inner = [part for part in level if isinstance(part, dict | list)]
        if not inner:
            return
        level = [
            each for part in inner for each in (part.values() if isinstance(part, dict) else part)
        ]
    raise ValueError("it is nested too deeply")


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is not a number")


def _finite(word: str) -> float:
    return float(word) if math.isfinite(float(word)) else _no_number(word[:20])


def _whole(word: str) -> int:
    if len(word) > len(str(-_MAX_WHOLE)) or abs(int(word)) > _MAX_WHOLE:
        raise ValueError(f"{word[:20]} has more than 64 bits")
    return int(word)


def json_safe(value: object) -> object:
    """Replace every NaN and infinity, which JSON does not have, by None."""
    if isinstance(value, Mapping):
        return {key: json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def utf8_document(value: object) -> object:
    """A JSON document whose texts are those of :func:`utf8_text`."""
    if isinstance(value, str):
        return utf8_text(value)
    if isinstance(value, Mapping):
        return {utf8_document(key): utf8_document(item) for key, item in value.items()}
    return [utf8_document(item) for item in value] if isinstance(value, list | tuple) else value


def utf8_text(text: str) -> str:
    """A text that UTF-8 can hold, from one that may have names of files in it.

    Python keeps the bytes of a file name that its locale cannot decode. They are decoded here as
    UTF-8, so that a name is the same in every locale; a byte that is none becomes ``\\xe9``.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        with suppress(UnicodeEncodeError):
            return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return text.encode("utf-8", "backslashreplace").decode()
    return text
