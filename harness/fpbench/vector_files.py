"""Files of fingerprints: read as memory maps, written row by row so that a crash costs little.

| suffix | layout |
| --- | --- |
| ``.npy`` | NumPy's |
| ``.mm`` | raw float32, row-major, its shape in ``<name>_shape.npy`` (the NAFP family) |
| ``.fbin`` | int32 rows, int32 dim, then float32 rows (big-ann-benchmarks), little-endian |
| ``.npz`` | what ``fpbench extract`` writes; read only. It also knows the tracks |
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from jaxtyping import Int64

from fpbench.errors import FpbenchError
from fpbench.interfaces import Vectors
from fpbench.store import atomic_file

READABLE = (".npy", ".mm", ".fbin", ".npz")
WRITABLE = (".npy", ".mm", ".fbin")


@dataclass(frozen=True, slots=True)
class VectorFile:
    """The rows of a file.

    Args:
        vectors: Mapped into memory where the format allows it; read-only.
        tracks: A number per row, equal within a track; None where the file does not say.
    """

    vectors: Vectors
    tracks: Int64[np.ndarray, " batch"] | None


def read_vectors(path: Path) -> VectorFile:
    """Open a file of fingerprints.

    Raises:
        FpbenchError: Missing, of an unknown suffix, cut short, or not a float matrix.
    """
    if path.suffix not in READABLE:
        raise FpbenchError(
            f"'{path}' is no file of fingerprints", hint=f"it takes {', '.join(READABLE)}"
        )
    if not path.is_file():
        raise FpbenchError(f"there is no '{path}'", hint="check the path")
    try:
        return _READERS[path.suffix](path)
    except (ValueError, KeyError, OSError) as err:
        raise FpbenchError(f"cannot read '{path}': {err}", hint="make the file again") from err


def _read_npy(path: Path) -> VectorFile:
    return VectorFile(_matrix(np.load(path, mmap_mode="r", allow_pickle=False)), None)


def _read_mm(path: Path) -> VectorFile:
    rows, dim = (int(x) for x in np.load(_shape_path(path), allow_pickle=False))
    _expect_bytes(path, rows * dim * 4)
    if rows == 0:
        return VectorFile(np.zeros((0, dim), dtype=np.float32), None)
    return VectorFile(np.memmap(path, dtype="<f4", mode="r", shape=(rows, dim)), None)


def _read_fbin(path: Path) -> VectorFile:
    with path.open("rb") as file:
        rows, dim = (int(x) for x in np.fromfile(file, dtype="<i4", count=2))
    _expect_bytes(path, 8 + rows * dim * 4)
    if rows == 0:
        return VectorFile(np.zeros((0, dim), dtype=np.float32), None)
    return VectorFile(np.memmap(path, dtype="<f4", mode="r", offset=8, shape=(rows, dim)), None)


def _read_npz(path: Path) -> VectorFile:
    with np.load(path, allow_pickle=False) as arrays:
        tracks = arrays["track"].astype(np.int64) if "track" in arrays else None
        return VectorFile(_matrix(arrays["vectors"]), tracks)


_READERS = {".npy": _read_npy, ".mm": _read_mm, ".fbin": _read_fbin, ".npz": _read_npz}


def _matrix(array: np.ndarray) -> Vectors:
    if array.ndim != 2 or array.dtype.kind != "f":
        raise ValueError(f"it holds {array.dtype} of shape {array.shape}, not float rows")
    return array if array.dtype == np.float32 else array.astype(np.float32)


def _shape_path(path: Path) -> Path:
    return path.with_name(f"{path.stem}_shape.npy")


def _expect_bytes(path: Path, wanted: int) -> None:
    if path.stat().st_size != wanted:
        raise ValueError(f"it has {path.stat().st_size} bytes where its shape needs {wanted}")


@dataclass(frozen=True, slots=True)
class Appender:
    """An unfinished file; rows go in at its end.

    Args:
        rows: How many it already held when it was opened.
    """

    rows: int
    _file: IO[bytes]

    def append(self, vectors: Vectors) -> None:
        """Write rows and hand them to the operating system, so that killing us loses none."""
        self._file.write(np.ascontiguousarray(vectors, dtype="<f4").data)
        self._file.flush()


@contextmanager
def resumable_file(
    path: Path, *, rows: int, dim: int, key: str, chunk_rows: int
) -> Iterator[Appender]:
    """Write a file of ``rows`` fingerprints over as many attempts as it takes.

    Rows collect in a hidden file beside ``path``; it gets its name, and ``.mm`` its shape file,
    when the block ends without an exception. An attempt with the same ``key`` goes on after the
    last whole chunk of the attempt before.

    Args:
        path: Its suffix picks the format.
        rows: In the finished file.
        dim: Of a row.
        key: Names what is being written, so that an attempt at something else starts afresh.
        chunk_rows: Rows that are appended together.

    Raises:
        FpbenchError: No format for that suffix, or the folder cannot be written.
    """
    header = _header(path, rows, dim)
    partial = path.with_name(f".{path.name}.{key}.partial")
    try:
        file = partial.open("r+b" if partial.exists() else "w+b")
    except OSError as err:
        raise FpbenchError(
            f"cannot write {path}: {err.strerror}", hint="check that its folder exists"
        ) from err
    with file:
        size_bytes = file.seek(0, os.SEEK_END)
        done = max(size_bytes - len(header), 0) // (dim * 4)
        done = rows if done >= rows else done - done % chunk_rows
        if done == 0:
            file.seek(0)
            file.write(header)
        file.truncate(len(header) + done * dim * 4)
        file.seek(0, os.SEEK_END)
        yield Appender(done, file)
        file.flush()
        os.fsync(file.fileno())
    if path.suffix == ".mm":
        with atomic_file(_shape_path(path)) as shape_file:
            np.save(shape_file, np.array([rows, dim], dtype=np.int64))
    partial.replace(path)


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
    raise FpbenchError(f"no format for '{path.name}'", hint=f"end it in {', '.join(WRITABLE)}")
