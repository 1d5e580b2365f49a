"""Files of fingerprints: read as memory maps, written in chunks so that a crash loses little.

| suffix | layout |
| --- | --- |
| ``.npy`` | NumPy array file |
| ``.mm`` | raw float32, row-major, its shape in ``<name>_shape.npy`` (the NAFP family) |
| ``.fbin`` | int32 rows, int32 dim, then float32 rows (big-ann-benchmarks), little-endian |
| ``.npz`` | output of ``fpbench extract``, with tracks, marked rows and the system; only read |
"""

import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from logging import getLogger
from pathlib import Path
from typing import IO

import numpy as np
from jaxtyping import Bool, Float32, Int64

from fpbench.array_files import DAMAGE, read_array_file, read_arrays
from fpbench.errors import FpbenchError
from fpbench.files import atomic_file, remove_stale, translate_write_errors
from fpbench.locks import hold_lock
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.systems import SystemIdentity, identity_from_text
from fpbench.stand_ins import refuse_stand_in
from fpbench.stretches import number_stretches

logger = getLogger(__name__)

READABLE = (".npy", ".mm", ".fbin", ".npz")
WRITABLE = (".npy", ".mm", ".fbin")
MARKS = ("silent", "not_finite")
"""Arrays of an ``.npz`` that mark rows of silent segments, and rows with NaN or infinity."""

_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class VectorFile:
    """The rows of a file.

    Args:
        vectors: Fingerprints, read-only; a memory map if the format allows it.
        tracks: Track number of each row; None if the file has none.
        stretches: Number of the stretch of each row, see
            :func:`fpbench.stretches.number_stretches`; None without tracks.
        system: The fingerprinter that made them; None if the file does not say.
    """

    vectors: Vectors
    tracks: Int64[np.ndarray, " batch"] | None
    stretches: Int64[np.ndarray, " batch"] | None = None
    system: SystemIdentity | None = None


@dataclass(frozen=True, slots=True)
class VectorTable:
    """All rows of a file, and its marks for silent or not finite rows."""

    vectors: Vectors
    tracks: Int64[np.ndarray, " batch"] | None = None
    marked: Bool[np.ndarray, " batch"] | None = None
    system: SystemIdentity | None = None

    @property
    def usable(self) -> Bool[np.ndarray, " batch"]:
        """Which rows are not marked."""
        return np.ones(len(self.vectors), dtype=bool) if self.marked is None else ~self.marked


def read_vectors(path: Path) -> VectorFile:
    """Open a file of fingerprints.

    Rows that an ``.npz`` marks as ``silent`` or ``not_finite`` are left out, as a run leaves out
    silent segments.

    Raises:
        FpbenchError: The file is missing or truncated, its suffix is unknown, or it does not hold
            a matrix of floats.
    """
    file = open_table(path)
    vectors = select_rows(file.vectors, file.usable)
    if file.tracks is None:
        return VectorFile(vectors, None, system=file.system)
    tracks = file.tracks[file.usable]
    stretches = number_stretches(np.flatnonzero(file.usable), tracks)
    return VectorFile(vectors, tracks, stretches, file.system)


def refuse_two_systems(systems: Mapping[Path, SystemIdentity | None]) -> None:
    """Refuse to use files of fingerprints together if different fingerprinters made them.

    Raises:
        FpbenchError: Two of the files name different systems; the message names both.
    """
    known = [(path, system) for path, system in systems.items() if system is not None]
    for path, system in known[1:]:
        if not system.is_same(known[0][1]):
            raise FpbenchError(
                f"'{path}' holds fingerprints of {system}, '{known[0][0]}' of {known[0][1]}",
                hint="give files from one fingerprinter",
            )


def refuse_not_finite(vectors: Vectors, path: Path, rows_at_once: int = 65_536) -> None:
    """Check all rows in chunks, because they may be far larger than memory.

    Raises:
        FpbenchError: A row holds NaN or infinity; the message names the first, counted from 0.
    """
    for start in range(0, len(vectors), rows_at_once):
        finite = np.isfinite(vectors[start : start + rows_at_once]).all(axis=1)
        if not finite.all():
            raise FpbenchError(
                f"'{path}': row {start + int(finite.argmin())} is not finite",
                hint="leave such rows out, or correct the fingerprinter that made them",
            )


def select_rows(
    vectors: Vectors, wanted: Bool[np.ndarray, " batch"]
) -> Float32[np.ndarray, "rows dim"]:
    """The wanted rows; the memory map itself if all rows are wanted."""
    return vectors if wanted.all() else vectors[wanted]


def open_table(path: Path) -> VectorTable:
    """Open a file with all of its rows, also those that it marks as silent or not finite.

    Raises:
        FpbenchError: As for :func:`read_vectors`.
    """
    if path.suffix not in READABLE:
        raise FpbenchError(
            f"'{path}' is not a file of fingerprints",
            hint=f"give a file that ends in {', '.join(READABLE)}",
        )
    if not path.is_file():
        raise FpbenchError(f"there is no '{path}'", hint="check the path")
    refuse_stand_in(path)
    try:
        return _READERS[path.suffix](path)
    except DAMAGE as err:
        raise FpbenchError(f"cannot read '{path}': {err}", hint="make the file again") from err


def _read_npy(path: Path) -> VectorTable:
    return VectorTable(_matrix(read_array_file(path, "r")))


def _read_mm(path: Path) -> VectorTable:
    rows, dim = (int(x) for x in read_array_file(_shape_path(path)))
    _expect_bytes(path, rows * dim * 4)
    if rows == 0:
        return VectorTable(np.zeros((0, dim), dtype=np.float32))
    return VectorTable(np.memmap(path, dtype="<f4", mode="r", shape=(rows, dim)))


def _read_fbin(path: Path) -> VectorTable:
    with path.open("rb") as file:
        rows, dim = (int(x) for x in np.fromfile(file, dtype="<i4", count=2))
    _expect_bytes(path, 8 + rows * dim * 4)
    if rows == 0:
        return VectorTable(np.zeros((0, dim), dtype=np.float32))
    return VectorTable(np.memmap(path, dtype="<f4", mode="r", offset=8, shape=(rows, dim)))


def _read_npz(path: Path) -> VectorTable:
    arrays = read_arrays(path)
    vectors = _matrix(arrays["vectors"])
    columns = {name: arrays[name] for name in ("track", *MARKS) if name in arrays}
    text = str(arrays.get("system", "null"))
    for name, values in columns.items():
        if values.shape != vectors.shape[:1]:
            raise ValueError(f"'{name}' has the shape {values.shape}, not ({len(vectors)},)")
        if values.dtype.kind not in "iub":
            raise ValueError(f"'{name}' holds {values.dtype}, not whole numbers")
    tracks = columns["track"].astype(np.int64) if "track" in columns else None
    marks = [columns[name].astype(bool) for name in MARKS if name in columns]
    system = identity_from_text(text, str(path))
    return VectorTable(vectors, tracks, np.logical_or.reduce(marks) if marks else None, system)


_READERS = {".npy": _read_npy, ".mm": _read_mm, ".fbin": _read_fbin, ".npz": _read_npz}


def _matrix(array: np.ndarray) -> Vectors:
    if array.ndim != 2 or array.dtype.kind != "f":
        raise ValueError(f"it holds {array.dtype} of shape {array.shape}, not float rows")
    return array if array.dtype == np.float32 else array.astype(np.float32)


def _shape_path(path: Path) -> Path:
    return path.with_name(f"{path.stem}_shape.npy")


def _expect_bytes(path: Path, wanted: int) -> None:
    if path.stat().st_size != wanted:
        raise ValueError(f"it has {path.stat().st_size} bytes, but its shape needs {wanted}")


@dataclass(frozen=True, slots=True)
class Appender:
    """An unfinished file, to which rows are appended.

    Args:
        rows: Number of rows that it already held when it was opened.
        path: Final path of the file.
    """

    rows: int
    path: Path
    _file: io.FileIO
    _digests: "_ChunkDigests"

    def append(self, vectors: Vectors) -> None:
        """Write rows without a buffer, so that they are kept if the process is killed.

        Raises:
            FpbenchError: The disk is full, or fails.
        """
        left = np.ascontiguousarray(vectors, dtype="<f4").reshape(-1).view(np.uint8)
        with translate_write_errors(self.path):
            while len(left):
                written = self._file.write(left.data)
                self._digests.update(left[:written].data)
                left = left[written:]


class _ChunkDigests:
    """Digests of the complete chunks of an unfinished file, in a file beside it.

    Args:
        path: The file of digests.
        key: Identifies the content of the unfinished file.
        chunk_bytes: Size of a chunk.
    """

    def __init__(self, path: Path, key: str, chunk_bytes: int) -> None:
        self._path, self._key, self._chunk_bytes = path, key, chunk_bytes
        self._number = 0
        self._start_chunk()

    def count_intact(self, rows: IO[bytes]) -> int:
        """Number of chunks, from the place of ``rows`` on, that are as they were written.

        Later digests are dropped, because these chunks are written again.
        """
        known = self._path.read_bytes() if self._path.exists() else b""
        while True:
            start = self._number * _DIGEST_BYTES
            digest = known[start : start + _DIGEST_BYTES]
            chunk = rows.read(self._chunk_bytes) if digest else b""
            self._chunk.update(chunk)
            if not digest or self._chunk.digest() != digest:
                break
            self._number += 1
            self._start_chunk()
        if len(chunk) == self._chunk_bytes:
            logger.warning("%s is damaged: rows of it are made again", self._path.with_suffix(""))
        self._start_chunk()
        self._path.write_bytes(known[:start])
        return self._number

    def update(self, written: memoryview) -> None:
        """Note bytes that were appended."""
        while len(written):
            part = written[: self._chunk_bytes - self._filled]
            self._chunk.update(part)
            self._filled += len(part)
            written = written[len(part) :]
            if self._filled == self._chunk_bytes:
                with self._path.open("ab") as file:
                    file.write(self._chunk.digest())
                self._number += 1
                self._start_chunk()

    def _start_chunk(self) -> None:
        place = f"{self._key} {self._number}".encode()
        self._chunk, self._filled = hashlib.blake2b(place, digest_size=_DIGEST_BYTES), 0


@contextmanager
def resumable_file(
    path: Path, *, rows: int, dim: int, key: str, chunk_rows: int
) -> Iterator[Appender]:
    """Write a file of ``rows`` fingerprints, in one attempt or in several.

    Rows are written to a hidden file beside ``path``. It is renamed to ``path`` when the block ends
    without an exception; for ``.mm`` the shape file is written then, too. A new attempt with the
    same ``key`` continues after the last complete chunk, or before the first damaged one. A second
    process is refused meanwhile, if the file system supports locks.

    Args:
        path: Output file; its suffix selects the format.
        rows: Number of rows of the finished file.
        dim: Dimension of a row.
        key: Identifies the content, so that an attempt with another key starts from row 0.
        chunk_rows: Number of rows that are appended together.

    Raises:
        FpbenchError: The suffix has no format, the folder cannot be written, or another process
            is writing the file.
    """
    header = _header(path, rows, dim)
    partial = path.with_name(f".{path.name}.{key}.partial")
    known = partial.with_name(f"{partial.name}.digests")
    busy = FpbenchError(
        f"another process is writing {path}", hint="wait for it, or choose another --out"
    )
    with hold_lock(partial.with_name(f"{partial.name}.lock"), busy):
        with translate_write_errors(path):
            # Unbuffered: if the disk is full, closing would write a buffer again.
            file = partial.open("r+b" if partial.exists() else "w+b", buffering=0)
        with file:
            digests = _ChunkDigests(known, key, chunk_rows * dim * 4)
            with translate_write_errors(path):
                begun = file.read(len(header)) == header
                done = min(rows, digests.count_intact(file) * chunk_rows) if begun else 0
                if done == 0:
                    known.unlink(missing_ok=True)
                    file.seek(0)
                    file.write(header)
                file.truncate(len(header) + done * dim * 4)
                file.seek(0, os.SEEK_END)
            yield Appender(done, path, file, digests)
            with translate_write_errors(path):
                os.fsync(file.fileno())
        if path.suffix == ".mm":
            remove_stale(path)  # the shape of the new file is not left beside the older one
            with atomic_file(_shape_path(path)) as shape_file:
                np.save(shape_file, np.array([rows, dim], dtype=np.int64))
        with translate_write_errors(path):
            partial.replace(path)
            known.unlink(missing_ok=True)


def _header(path: Path, rows: int, dim: int) -> bytes:
    if path.suffix == ".mm":
        return b""
    if path.suffix == ".fbin":
        return np.array([rows, dim], dtype="<i4").tobytes()
    if path.suffix == ".npy":
        buffer = io.BytesIO()
        layout = {"descr": "<f4", "fortran_order": False, "shape": (rows, dim)}
        np.lib.format.write_array_header_1_0(buffer, layout)
        return buffer.getvalue()
    raise FpbenchError(
        f"no format for '{path.name}'", hint=f"end its name in {' or '.join(WRITABLE)}"
    )
