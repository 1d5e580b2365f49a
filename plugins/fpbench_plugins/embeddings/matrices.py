"""Maps matrices of fingerprints into memory and checks them. The files are never changed.

| suffix | layout |
| --- | --- |
| ``.mm`` | raw float32, row-major, its shape in ``<name>_shape.npy`` (the NAFP family) |
| ``.npy`` | NumPy array file of floats |
| ``.fbin`` | int32 rows, int32 dim, then float32 rows (big-ann-benchmarks), little-endian |
| ``.npz`` | arrays ``vectors`` and, optionally, ``track``, ``start_s`` and ``tracks`` |
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import read_array

from fpbench import FpbenchError, Vectors
from fpbench.array_files import DAMAGE, read_arrays

logger = logging.getLogger(__name__)

SUFFIXES = (".mm", ".npy", ".fbin", ".npz")
CHUNK_ROWS = 65_536  # 32 MB at 128 dims
_SMALL_BYTES = 1 << 20
LENGTH_TOLERANCE = 1e-2  # rounding to float16 changes lengths by less


@dataclass(frozen=True, slots=True)
class Matrix:
    """Fingerprints of one file.

    Args:
        path: The file.
        vectors: Its rows, without NaN; a memory map if the format allows it.
        track: Track of each row, and start time in it, if an archive has them.
        start_s: As ``track``.
        names: Names of the tracks that ``track`` counts; None if the archive has none.
    """

    path: Path
    vectors: Vectors
    track: np.ndarray | None = None
    start_s: np.ndarray | None = None
    names: tuple[str, ...] | None = None


def find_matrix(folder: Path, name: str) -> Path | None:
    """The file of a matrix, whatever its format; None if there is none.

    Raises:
        FpbenchError: There are several.
    """
    found = [folder / f"{name}{suffix}" for suffix in SUFFIXES]
    found = [path for path in found if path.is_file()]
    if len(found) > 1:
        raise FpbenchError(
            f"'{folder}' has both {found[0].name} and {found[1].name}", hint="remove one of them"
        )
    return found[0] if found else None


def require_matrix(folder: Path, name: str) -> Path:
    """The file of a matrix.

    Raises:
        FpbenchError: There is none, or there are several.
    """
    path = find_matrix(folder, name)
    if path is None:
        raise FpbenchError(
            f"there is no '{folder / name}.mm', .npy, .fbin or .npz",
            hint="the folder needs query and db, and dummy_db for distractors",
        )
    return path


def no_rows(like: Matrix) -> Matrix:
    """A matrix without rows, for a file that is absent."""
    empty = np.zeros((0, like.vectors.shape[1]), dtype=np.float32)
    return Matrix(like.path.with_name("dummy_db"), empty)


def read_matrix(path: Path, *, refuse_nan: bool) -> Matrix:
    """Open a matrix, with NaN set to 0.

    Raises:
        FpbenchError: The file is damaged or has another size than it says, or a value is infinite
            or a refused NaN.
    """
    try:
        matrix = _READERS[path.suffix](path)
    except DAMAGE as err:
        raise FpbenchError(f"cannot read '{path}': {err}", hint="make the file again") from err
    vectors = matrix.vectors
    if not len(vectors):
        return matrix
    n_nan = zero_nan(vectors, path)
    if n_nan and refuse_nan:
        raise FpbenchError(f"'{path}' has {n_nan} NaN", hint="make the file again, or set nan=zero")
    if n_nan:
        logger.warning("%s: %d values are NaN; they are replaced by 0", path, n_nan)
    vectors.flags.writeable = False
    warn_of_unequal_lengths(vectors, path)
    return matrix


def _read_mm(path: Path) -> Matrix:
    shape = read_shape(path.with_name(f"{path.stem}_shape.npy"))
    _expect_bytes(path, shape, 4 * shape[0] * shape[1])
    return Matrix(path, _map(path, shape, offset=0))


def _read_fbin(path: Path) -> Matrix:
    with path.open("rb") as file:
        header = np.fromfile(file, dtype="<i4", count=2)
    if len(header) < 2 or header[0] < 0 or header[1] < 1:
        raise FpbenchError(
            f"'{path}' starts with {header.tolist()} instead of rows and columns",
            hint="write two int32, then float32 rows, all little-endian",
        )
    shape = int(header[0]), int(header[1])
    _expect_bytes(path, shape, 8 + 4 * shape[0] * shape[1])
    return Matrix(path, _map(path, shape, offset=8))


def _read_npy(path: Path) -> Matrix:
    with path.open("rb") as file:  # np.load would also open an archive
        if file.read(6) != b"\x93NUMPY":
            raise FpbenchError(f"'{path}' is not a NumPy file", hint="write it with numpy.save")
        if path.stat().st_size < _SMALL_BYTES:  # an array without rows cannot be mapped
            file.seek(0)
            return Matrix(path, _floats(read_array(file, allow_pickle=False), path))
    return Matrix(path, _floats(np.load(path, mmap_mode="c", allow_pickle=False), path))


def _read_npz(path: Path) -> Matrix:
    arrays = read_arrays(path)
    if "vectors" not in arrays:
        raise FpbenchError(
            f"'{path}' has no array 'vectors', only {', '.join(sorted(arrays)) or 'none'}",
            hint="write it with numpy.savez(file, vectors=..., track=..., start_s=...)",
        )
    vectors = _floats(arrays["vectors"], path)
    track, start_s = arrays.get("track"), arrays.get("start_s")
    names = tuple(map(str, arrays["tracks"].tolist())) if "tracks" in arrays else None
    if (track is None) != (start_s is None):
        raise FpbenchError(
            f"'{path}' has only one of the arrays 'track' and 'start_s'",
            hint="give both or neither",
        )
    for name, array, kinds in (("track", track, "iu"), ("start_s", start_s, "f")):
        if array is not None and (array.shape != (len(vectors),) or array.dtype.kind not in kinds):
            raise FpbenchError(
                f"'{path}': {name} is {array.dtype} of shape {array.shape}",
                hint=f"it needs one {'whole ' * (kinds == 'iu')}number for each of the "
                f"{len(vectors)} rows",
            )
    return Matrix(path, np.array(vectors), track, start_s, names)


_READERS = {".mm": _read_mm, ".npy": _read_npy, ".fbin": _read_fbin, ".npz": _read_npz}


def _map(path: Path, shape: tuple[int, int], *, offset: int) -> Vectors:
    if shape[0] == 0:
        return np.zeros(shape, dtype=np.float32)  # an empty file cannot be mapped
    # Copy-on-write: setting values to 0 changes private pages of memory, never the file.
    return np.memmap(path, dtype="<f4", mode="c", offset=offset, shape=shape)


def _expect_bytes(path: Path, shape: tuple[int, int], wanted_bytes: int) -> None:
    size_bytes = path.stat().st_size
    if size_bytes != wanted_bytes:
        raise FpbenchError(
            f"'{path}' has {size_bytes} bytes, but its shape {shape} needs {wanted_bytes}",
            hint="make the file again; NAFP's evaluation script appends db.mm to dummy_db.mm"
            if size_bytes > wanted_bytes
            else "the file is incomplete; make it again",
        )


def _floats(array: np.ndarray, path: Path) -> Vectors:
    """Rows as float32; the memory map itself if it has that type."""
    if array.ndim != 2 or array.dtype.kind != "f" or array.shape[1] < 1:
        raise FpbenchError(
            f"'{path}' holds {array.dtype} of shape {array.shape}, not rows of floats",
            hint="write one fingerprint per row, as float32",
        )
    native = np.ascontiguousarray(array) if array.flags.f_contiguous else array
    return native if native.dtype == np.float32 else native.astype(np.float32)


def warn_of_unequal_lengths(vectors: Vectors, file: Path) -> None:
    """Log a warning if the first rows have different lengths."""
    lengths = np.linalg.norm(vectors[:CHUNK_ROWS], axis=1)
    shortest, longest = lengths.min(initial=np.inf, where=lengths > 0), lengths.max()
    if longest - shortest > LENGTH_TOLERANCE:
        logger.warning(
            "%s: rows have lengths from %.3g to %.3g. For such rows, exact search (inner products) "
            "and FAISS's indexes (distances) give different rankings",
            file,
            shortest,
            longest,
        )


def read_shape(file: Path) -> tuple[int, int]:
    """Rows and columns from a ``*_shape.npy``.

    Raises:
        FpbenchError: The file is missing or damaged, or does not contain two counts.
    """
    try:
        with file.open("rb") as content:  # np.load would also open an archive
            shape = read_array(content, allow_pickle=False)
    except DAMAGE as err:
        raise FpbenchError(
            f"cannot read '{file}': {err}",
            hint="it must contain the shape of the .mm file with the same name",
        ) from err
    whole = shape.dtype.kind in "iu" and shape.shape == (2,)
    if not whole or shape[0] < 0 or shape[1] < 1:
        raise FpbenchError(
            f"'{file}' contains {shape.tolist()} instead of rows and columns",
            hint="make the file again",
        )
    return int(shape[0]), int(shape[1])


def zero_nan(vectors: Vectors, file: Path) -> int:
    """Set NaN to 0 in place, chunk by chunk.

    Returns:
        How many there were.

    Raises:
        FpbenchError: A value is infinite.
    """
    n_nan = 0
    for start in range(0, len(vectors), CHUNK_ROWS):
        chunk = vectors[start : start + CHUNK_ROWS]
        # The usual case needs one pass: a sum is finite only if every value is.
        if np.isfinite(np.sum(chunk, dtype=np.float64)):
            continue
        if np.isinf(chunk).any():
            row = start + int(np.argwhere(np.isinf(chunk))[0, 0])
            raise FpbenchError(f"'{file}', row {row}: infinite", hint="make the file again")
        bad = np.isnan(chunk)
        n_nan += int(bad.sum())
        chunk[bad] = 0
    return n_nan
