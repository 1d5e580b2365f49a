"""Cache of computed files: each is named by a hash of its inputs, and is complete or absent."""

import dataclasses
import hashlib
import io
import os
import stat
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from logging import getLogger
from pathlib import Path

import numpy as np
import platformdirs

from fpbench.errors import FpbenchError
from fpbench.files import (
    UnchangedFile,
    atomic_file,
    make_folder,
    refuse_unwritable,
    write_arrays,
)
from fpbench.user_paths import expand_path

logger = getLogger(__name__)

_DIGEST_BYTES = 32
_ANOTHER = "choose another folder with --cache or $FPBENCH_CACHE"


@dataclasses.dataclass(frozen=True, slots=True)
class Store:
    """A folder of content-addressed files. Several processes may share it.

    Args:
        root: Folder of the files; the first write makes it.
        made: If given, only these files count, which were written through this store.
        sources: Files whose contents the keys name. Nothing is written when one has changed.
    """

    root: Path
    made: set[Path] | None = None
    sources: tuple[UnchangedFile, ...] = ()

    @classmethod
    def open(cls, root: Path | None = None) -> "Store":
        """Use the store at ``root``, else at ``FPBENCH_CACHE``, else in the user's cache folder.

        Raises:
            FpbenchError: The folder is not known; see :func:`user_cache_folder`.
        """
        folder = root or os.environ.get("FPBENCH_CACHE")
        return cls(expand_path(folder) if folder else user_cache_folder())

    def refuse_unwritable(self) -> None:
        """Refuse a folder that cannot be written, before hours of work.

        Raises:
            FpbenchError: A file could not be written there.
        """
        try:
            refuse_unwritable(self.root / "attempt", "folder")
        except FpbenchError as err:
            reason = err.message.rpartition(": ")[2]
            raise FpbenchError(
                f"the cache {self.root} cannot be written: {reason}", hint=_ANOTHER
            ) from err

    def without_earlier(self) -> "Store":
        """The same folder, as if it were empty: files in it are made again and replaced."""
        return dataclasses.replace(self, made=set())

    def with_sources(self, sources: Iterable[UnchangedFile]) -> "Store":
        """The same store, for keys that name the contents of further files."""
        return dataclasses.replace(self, sources=(*self.sources, *sources))

    def refuse_changed_sources(self) -> None:
        """Refuse to go on with sources that are no longer what they were.

        Raises:
            FpbenchError: One has changed.
        """
        for source in self.sources:
            source.refuse_change()

    def counts(self, path: Path) -> bool:
        """Whether a file that may exist is to be used."""
        return self.made is None or path in self.made

    def add(self, path: Path) -> None:
        """Let a new file count."""
        if self.made is not None:
            self.made.add(path)

    def path(self, kind: str, key: str, suffix: str = "") -> Path:
        """Path of a file. The 256 folders per kind stay small because keys spread evenly."""
        return self.root / kind / key[:2] / (key + suffix)

    def size_bytes(self) -> int:
        """Total size of all files."""
        return sum(path.stat().st_size for path in self.root.rglob("*") if path.is_file())

    def write(
        self, kind: str, key: str, arrays: Mapping[str, np.ndarray], *, durable: bool = True
    ) -> None:
        """Write arrays under a key, with a checksum.

        Raises:
            FpbenchError: As :meth:`refuse_changed_sources`.
        """
        self.refuse_changed_sources()
        path = self.path(kind, key, ".npz")
        buffer = io.BytesIO()
        write_arrays(buffer, arrays)
        make_folder(path.parent)
        write_sealed(path, f"{kind}/{key}", buffer.getvalue(), durable=durable)
        self.add(path)

    def keys(self, kind: str) -> list[str]:
        """Keys of all arrays of a kind, sorted."""
        paths = (self.root / kind).glob("*/*.npz")
        return sorted(path.stem for path in paths if self.counts(path))

    def read(self, kind: str, key: str) -> dict[str, np.ndarray] | None:
        """Read the arrays under a key; None if the file is missing or damaged."""
        path = self.path(kind, key, ".npz")
        payload = read_sealed(path, f"{kind}/{key}") if self.counts(path) else None
        if payload is None:
            return None
        with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
            return dict(arrays)


def user_cache_folder() -> Path:
    """The user's cache folder; where it cannot be written, a temporary one of the user's own.

    The user of a container often has no home folder, or that of another user.

    Raises:
        FpbenchError: Neither can be used.
    """
    try:
        folder = platformdirs.user_cache_path("fpbench")
        refuse_unwritable(folder / "attempt", "folder")
    except RuntimeError:
        reason = "this user has no home folder"
    except FpbenchError as err:
        reason = f"the cache folder {folder} cannot be written ({err.message.rpartition(': ')[2]})"
    else:
        return folder
    hint = "name a folder for the cache with --cache or $FPBENCH_CACHE"
    try:
        temporary = Path(tempfile.gettempdir()) / f"fpbench-{_user_number()}"
        temporary.mkdir(mode=0o700, exist_ok=True)
        owner = temporary.lstat()
    except OSError as err:
        raise FpbenchError(f"{reason}, and no temporary folder: {err}", hint=hint) from err
    if not stat.S_ISDIR(owner.st_mode) or owner.st_uid != _user_number():
        raise FpbenchError(f"{reason}, and {temporary} belongs to someone else", hint=hint)
    logger.warning("%s: the cache is %s, which may not last; %s", reason, temporary, hint)
    return temporary


def _user_number() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def write_sealed(path: Path, key: str, content: bytes, *, durable: bool = True) -> None:
    """Write a file that begins with a digest of its key and its content.

    Args:
        path: Path in an existing folder.
        key: Identifies the content, so that no file passes for another.
        content: What :func:`read_sealed` returns.
        durable: As for :func:`fpbench.files.atomic_file`.

    Raises:
        FpbenchError: The file cannot be written.
    """
    with atomic_file(path, durable=durable) as file:
        file.write(_digest(key, content) + content)


def read_sealed(path: Path, key: str) -> bytes | None:
    """The content that :func:`write_sealed` wrote; None, with a warning, if it is damaged.

    Raises:
        FpbenchError: The file cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as err:
        raise _unreadable(path, err) from err
    _note_use(path)
    if content[:_DIGEST_BYTES] == _digest(key, content[_DIGEST_BYTES:]):
        return content[_DIGEST_BYTES:]
    logger.warning("cache file %s is damaged and will be made again", path)
    return None


def seal(path: Path, key: str) -> None:
    """Write the digest of a complete file beside it, for :func:`is_intact`.

    Args:
        path: The file, which may be large.
        key: Identifies its content, so that no file passes for another.

    Raises:
        FpbenchError: The folder cannot be written.
    """
    with atomic_file(_seal_path(path)) as file:
        file.write(_file_digest(path, key))


def is_intact(path: Path, key: str) -> bool:
    """Whether a file exists and is as it was when :func:`seal` was called; warn if it is damaged.

    Raises:
        FpbenchError: The file cannot be read.
    """
    try:
        intact = _seal_path(path).read_bytes() == _file_digest(path, key)
    except (FileNotFoundError, NotADirectoryError):
        intact = False
    except OSError as err:
        raise _unreadable(path, err) from err
    if intact:
        _note_use(path)
    elif path.exists():
        logger.warning("cache file %s is damaged or incomplete and will be made again", path)
    return intact


def _note_use(path: Path) -> None:
    """Set the time of the last access, which many disks do not set; the time of writing stays."""
    with suppress(OSError):  # a cache that others have written
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


def _unreadable(path: Path, err: OSError) -> FpbenchError:
    return FpbenchError(
        f"cannot read the cache {path}: {err.strerror}",
        hint=_ANOTHER,
    )


def _seal_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.digest")


def _digest(key: str, content: bytes) -> bytes:
    digest = hashlib.blake2b(f"{key}/".encode(), digest_size=_DIGEST_BYTES)
    digest.update(content)
    return digest.digest()


def _file_digest(path: Path, key: str) -> bytes:
    digest = hashlib.blake2b(f"{key}/".encode(), digest_size=_DIGEST_BYTES)
    with path.open("rb") as file:
        while piece := file.read(1 << 22):
            digest.update(piece)
    return digest.digest()
