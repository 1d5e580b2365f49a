"""Maps matrices of fingerprints into memory and checks them. The files are never changed.

| suffix | layout |
| --- | --- |
| ``.mm`` | raw float32, row-major, its shape in ``<name>_shape.npy`` (the NAFP family) |
| ``.npy`` | NumPy array file of floats, of any size, byte order and order of axes |
| ``.fbin`` | int32 rows, int32 dim, then float32 rows (big-ann-benchmarks), little-endian |
| ``.npz`` | arrays ``vectors`` and, optionally, ``track``, ``start_s`` and ``tracks`` |
"""

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NoReturn

import numpy as np

from fpbench import FpbenchError, is_near_miss
from fpbench.array_files import DAMAGE, read_array_file, read_arrays
from fpbench.stand_ins import refuse_stand_in
from fpbench_plugins.embeddings.checks import RowLengths, warn_of_lengths, zero_nan
from fpbench_plugins.embeddings.conversion import to_float32

logger = logging.getLogger(__name__)

SUFFIXES = (".mm", ".npy", ".fbin", ".npz")
MmDtype = Literal["float32", "float16", "float64"]
_OTHER_SIZES = {2: "float16", 8: "float64"}
_APPENDED = "NAFP's evaluation script appends db.mm to dummy_db.mm"
_NUMPY_MAGIC = b"\x93NUMPY"
_PROBED_ROWS = 1_000
_FAR_BITS, _NOISE_BITS = 60.0, 20.0  # of the values' sizes: median and standard deviation


@dataclass(frozen=True, slots=True)
class Matrix:
    """Fingerprints of one file.

    Args:
        path: The file.
        vectors: Its rows; as float32 and without NaN after :func:`read_matrix`. A memory map if the
            format allows it.
        track: Track of each row, and start time in it, if an archive has them.
        start_s: As ``track``.
        names: Names of the tracks that ``track`` counts; None if the archive has none.
        lengths: Lengths of its rows.
    """

    path: Path
    vectors: np.ndarray
    track: np.ndarray | None = None
    start_s: np.ndarray | None = None
    names: tuple[str, ...] | None = None
    lengths: RowLengths = field(default_factory=RowLengths)


def find_matrix(folder: Path, name: str) -> Path | None:
    """The file of a matrix, whatever its format; None if there is none.

    Raises:
        FpbenchError: There are several, or one that is nearly called so.
    """
    found = [folder / f"{name}{suffix}" for suffix in SUFFIXES]
    found = [path for path in found if path.is_file()]
    if len(found) > 1:
        raise FpbenchError(
            f"'{folder}' has both {found[0].name} and {found[1].name}", hint="remove one of them"
        )
    if not found:
        _refuse_near_names(folder, name)
    return found[0] if found else None


def _refuse_near_names(folder: Path, name: str) -> None:
    """Refuse a file that is nearly called as a matrix that is absent: it would be left out."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in SUFFIXES and is_near_miss(path.name, f"{name}{path.suffix}"):
            raise FpbenchError(
                f"'{path}' is not read: the matrix is called {name}{path.suffix.lower()}",
                hint="rename it, or move it elsewhere",
            )


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


def read_matrix(
    path: Path, *, refuse_nan: bool, mm_dtype: MmDtype = "float32", scratch: Path | None = None
) -> Matrix:
    """Open a matrix, with NaN set to 0.

    Args:
        refuse_nan: Whether NaN is an error.
        mm_dtype: Type of the values in ``.mm`` files, which do not say it.
        scratch: Folder for temporary files of large matrices of other types; None uses the memory.

    Raises:
        FpbenchError: The file is damaged or has another size than it says, or a value is infinite
            or a refused NaN.
    """
    refuse_stand_in(path)
    try:
        if path.suffix == ".mm":
            matrix = _read_mm(path, np.dtype(mm_dtype))
        else:
            matrix = _READERS[path.suffix](path)
        vectors = to_float32(matrix.vectors, scratch)
    except DAMAGE as err:
        raise FpbenchError(f"cannot read '{path}': {err}", hint="make the file again") from err
    matrix = replace(matrix, vectors=vectors)
    if not len(vectors):
        return matrix
    n_nan, lengths = zero_nan(vectors, path)
    if n_nan and refuse_nan:
        raise FpbenchError(f"'{path}' has {n_nan} NaN", hint="make the file again, or set nan=zero")
    if n_nan:
        logger.warning("%s: %d values are NaN; they are replaced by 0", path, n_nan)
    vectors.flags.writeable = False
    warn_of_lengths(lengths, len(vectors), path)
    return replace(matrix, lengths=lengths)


def _read_mm(path: Path, dtype: np.dtype[np.floating]) -> Matrix:
    shape = read_shape(path.with_name(f"{path.stem}_shape.npy"))
    if path.stat().st_size != dtype.itemsize * shape[0] * shape[1]:
        _refuse_size(path, shape, dtype)
    vectors = _map(path, shape, dtype, offset=0)
    _refuse_other_byte_order(path, vectors)
    return Matrix(path, vectors)


def _refuse_size(path: Path, shape: tuple[int, int], dtype: np.dtype[np.floating]) -> NoReturn:
    """Refuse a ``.mm`` file of another size than its shape says; name the type that would fit."""
    size_bytes, cells = path.stat().st_size, shape[0] * shape[1]
    with path.open("rb") as file:
        if file.read(6) == _NUMPY_MAGIC:
            raise FpbenchError(f"'{path}' is a NumPy file", hint=f"rename it to {path.stem}.npy")
    other = _OTHER_SIZES.get(size_bytes // cells) if cells and size_bytes % cells == 0 else None
    if other is not None and dtype == np.float32:
        raise FpbenchError(
            f"'{path}' has {size_bytes} bytes, {size_bytes // cells} for each value of its shape "
            f"{shape}: that is {other}, not float32",
            hint=f"save it as float32, or set mm_dtype={other} below [dataset_options] in a config "
            "file" + (f"; or {_APPENDED}" if other == "float64" else ""),
        )
    wanted_bytes = dtype.itemsize * cells
    raise FpbenchError(
        f"'{path}' has {size_bytes} bytes, but its shape {shape} needs {wanted_bytes} as {dtype}",
        hint=f"make the file again; {_APPENDED}"
        if size_bytes > wanted_bytes
        else "the file is incomplete; make it again",
    )


def _read_fbin(path: Path) -> Matrix:
    with path.open("rb") as file:
        header = np.fromfile(file, dtype="<i4", count=2)
    size_bytes = path.stat().st_size
    if len(header) == 2 and _fbin_bytes(header.byteswap()) == size_bytes != _fbin_bytes(header):
        raise FpbenchError(f"'{path}' is big-endian", hint="write it in little-endian order")
    if len(header) < 2 or header[0] < 0 or header[1] < 1:
        raise FpbenchError(
            f"'{path}' starts with {header.tolist()} instead of rows and columns",
            hint="write two int32, then float32 rows, all little-endian",
        )
    shape = int(header[0]), int(header[1])
    if size_bytes != _fbin_bytes(header):
        raise FpbenchError(
            f"'{path}' has {size_bytes} bytes, but its shape {shape} needs {_fbin_bytes(header)}",
            hint="write float32 rows, as many as the first number says",
        )
    vectors = _map(path, shape, np.dtype("<f4"), offset=8)
    _refuse_other_byte_order(path, vectors)
    return Matrix(path, vectors)


def _fbin_bytes(header: np.ndarray) -> int:
    return 8 + 4 * int(header[0]) * int(header[1])


def _refuse_other_byte_order(path: Path, rows: np.ndarray) -> None:
    """Refuse a file whose values make sense only in the opposite order of bytes."""
    probe = np.asarray(rows[:_PROBED_ROWS])
    if not _is_plausible(probe) and _is_plausible(probe.byteswap()):
        raise FpbenchError(f"'{path}' is big-endian", hint="write it in little-endian order")


def _is_plausible(rows: np.ndarray) -> bool:
    """Whether values are of similar size: in the wrong order of bytes, exponents are noise."""
    with np.errstate(all="ignore"):
        sizes = np.log2(np.abs(rows[rows != 0].astype(np.float64)))
    finite = sizes[np.isfinite(sizes)]
    if len(finite) == 0:
        return len(sizes) == 0
    usual = abs(float(np.median(finite))) < _FAR_BITS and float(np.std(finite)) < _NOISE_BITS
    return usual and 2 * len(finite) > len(sizes)


def _read_npy(path: Path) -> Matrix:
    with path.open("rb") as file:  # np.load would also open an archive
        if file.read(6) != _NUMPY_MAGIC:
            raise FpbenchError(f"'{path}' is not a NumPy file", hint="write it with numpy.save")
    return Matrix(path, _floats(read_array_file(path, "c"), path))


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


_READERS = {".npy": _read_npy, ".fbin": _read_fbin, ".npz": _read_npz}


def _map(
    path: Path, shape: tuple[int, int], dtype: np.dtype[np.floating], *, offset: int
) -> np.ndarray:
    if shape[0] == 0:
        return np.zeros(shape, dtype=dtype)  # an empty file cannot be mapped
    # Copy-on-write: setting values to 0 changes private pages of memory, never the file.
    return np.memmap(path, dtype=dtype, mode="c", offset=offset, shape=shape)


def _floats(array: np.ndarray, path: Path) -> np.ndarray:
    """Rows of floats, of any size."""
    if array.ndim != 2 or array.dtype.kind != "f" or array.shape[1] < 1:
        raise FpbenchError(
            f"'{path}' holds {array.dtype} of shape {array.shape}, not rows of floats",
            hint="write one fingerprint per row, as float32",
        )
    return array


def read_shape(file: Path) -> tuple[int, int]:
    """Rows and columns from a ``*_shape.npy``.

    Raises:
        FpbenchError: The file is missing or damaged, or does not contain two counts.
    """
    try:
        shape = read_array_file(file)
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
