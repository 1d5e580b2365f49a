"""Cache of computed files: each is named by a hash of its inputs, and is complete or absent."""

import dataclasses
import hashlib
import io
import os
from collections.abc import Mapping
from logging import getLogger
from pathlib import Path

import numpy as np
import platformdirs

from fpbench.errors import FpbenchError
from fpbench.files import atomic_file, make_folder, write_arrays

logger = getLogger(__name__)

_DIGEST_BYTES = 32


@dataclasses.dataclass(frozen=True, slots=True)
class Store:
    """A folder of content-addressed files. Several processes may share it.

    Args:
        root: Folder of the files; the first write makes it.
        made: If given, only these files count, which were written through this store.
    """

    root: Path
    made: set[Path] | None = None

    @classmethod
    def open(cls, root: Path | None = None) -> "Store":
        """Use the store at ``root``, else at ``FPBENCH_CACHE``, else in the user's cache folder."""
        folder = root or os.environ.get("FPBENCH_CACHE")
        return cls(Path(folder) if folder else platformdirs.user_cache_path("fpbench"))

    def without_earlier(self) -> "Store":
        """The same folder, as if it were empty: files in it are made again and replaced."""
        return Store(self.root, set())

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
        """Write arrays under a key, with a checksum."""
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
    if not intact and path.exists():
        logger.warning("cache file %s is damaged or incomplete and will be made again", path)
    return intact


def _unreadable(path: Path, err: OSError) -> FpbenchError:
    return FpbenchError(
        f"cannot read the cache {path}: {err.strerror}",
        hint="choose another folder with --cache or $FPBENCH_CACHE",
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
