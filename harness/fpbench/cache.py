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
        payload = buffer.getvalue()
        make_folder(path.parent)
        with atomic_file(path, durable=durable) as file:
            file.write(_digest(payload) + payload)
        self.add(path)

    def read(self, kind: str, key: str) -> dict[str, np.ndarray] | None:
        """Read the arrays under a key; None if the file is missing or damaged."""
        path = self.path(kind, key, ".npz")
        if not self.counts(path):
            return None
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as err:
            raise FpbenchError(
                f"cannot read the cache {self.root}: {err.strerror}",
                hint="choose another folder with --cache or $FPBENCH_CACHE",
            ) from err
        payload = content[_DIGEST_BYTES:]
        if content[:_DIGEST_BYTES] != _digest(payload):
            logger.warning("cache file %s is damaged and will be made again", path)
            return None
        with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
            return dict(arrays)


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_DIGEST_BYTES).digest()
