"""Reads arrays of NumPy, in files or archives, that may be damaged or made to fill the memory."""

import math
import struct
import zipfile
import zlib
from collections.abc import Iterable
from io import BufferedIOBase
from pathlib import Path
from tokenize import TokenError
from typing import Any, Literal, cast

import numpy as np
from numpy.lib.format import (
    read_array,
    read_array_header_1_0,
    read_array_header_2_0,
    read_magic,
)

from fpbench.files import UnchangedFile

DAMAGE = (
    *(OSError, EOFError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError),
    *(RuntimeError, SyntaxError, MemoryError, zipfile.BadZipFile, zlib.error, struct.error),
    TokenError,  # of an array's header, which is Python
)
"""Exceptions of NumPy and the standard library for a file that is damaged or something else."""

_MAX_RATIO = 100
"""Largest ratio of the arrays' size to that of their archive; fingerprints hardly compress."""

_SMALL_BYTES = 64 << 20
"""Arrays of this size may have any ratio: zeros compress well."""


_MAX_RECORDS = 64

_HEADERS = {(1, 0): read_array_header_1_0, (2, 0): read_array_header_2_0}


def read_array_file(path: Path, map_as: Literal["r", "c"] | None = None) -> np.ndarray:
    """Read or map the array of a ``.npy`` file, which has the size that its header says.

    Args:
        path: The file.
        map_as: Mode of a memory map, ``c`` for copy on write; None reads all of the array.

    Raises:
        OSError: The file cannot be read.
        Exception: One of :data:`DAMAGE`: the file is damaged, holds objects, or is something else.
    """
    size = path.stat().st_size
    with path.open("rb") as file:  # np.load would also open an archive
        _refuse_header(file, path.name, size)
        is_empty = file.tell() == size
        file.seek(0)
        if map_as is None or is_empty:  # an empty array cannot be mapped
            array: np.ndarray = read_array(file, allow_pickle=False)
            return array
    mapped: np.ndarray = np.load(path, mmap_mode=map_as, allow_pickle=False)
    return mapped


def mapped_files(arrays: Iterable[np.ndarray]) -> tuple[UnchangedFile, ...]:
    """The files that arrays map into memory, as they are now."""
    found = set()
    for array in arrays:
        base: Any = array
        while isinstance(base, np.ndarray):
            path = base.filename if isinstance(base, np.memmap) else None
            if path is not None and Path(path).exists():  # a temporary one may have no name left
                found.add(UnchangedFile.of(Path(path)))
            base = base.base
    return tuple(sorted(found, key=lambda file: file.path))


def read_arrays(path: Path, *, max_ratio: float = _MAX_RATIO) -> dict[str, np.ndarray]:
    """Read all arrays of an ``.npz`` archive, with its checksums.

    The header of every array is read first: no array is loaded unless all of them have the size
    that their headers say, hold no objects, and together unpack to no more than a genuine archive.

    Args:
        path: The archive.
        max_ratio: Largest ratio of the arrays' size to that of the archive, for large ones.

    Raises:
        OSError: The file cannot be read.
        Exception: One of :data:`DAMAGE`: the archive is damaged, holds objects, or unpacks to more
            than a genuine one.
    """
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        records = archive.infolist()
        size, limit = sum(r.file_size for r in records), max_ratio * path.stat().st_size
        if size > max(limit, _SMALL_BYTES):
            raise ValueError(f"it unpacks to {size} bytes, {max_ratio:g} times its own size")
        if len(records) > _MAX_RECORDS:
            raise ValueError(f"it holds {len(records)} arrays")
        if len({_name(record) for record in records}) < len(records):
            raise ValueError("it holds two arrays of one name")
        for record in records:
            with archive.open(record) as stream:
                _refuse_header(cast(BufferedIOBase, stream), record.filename, record.file_size)
        return dict(_array(archive, record) for record in records)


def _refuse_header(stream: BufferedIOBase, name: str, size: int) -> None:
    """Refuse an array whose header promises another size than there is.

    Args:
        stream: The array, from its first byte.
        name: That of the array in errors.
        size: Bytes of header and array.

    Raises:
        ValueError: It does, or the array holds objects.
    """
    version = read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"{name} is of version {version}")
    shape, _, dtype = _HEADERS[version](stream)
    if dtype.hasobject:
        raise ValueError(f"{name} holds objects")
    # In whole numbers of Python, which do not overflow.
    there, promised = size - stream.tell(), dtype.itemsize * math.prod(shape)
    if min(shape, default=1) < 0 or promised != there:
        raise ValueError(f"{name} has {there} bytes of values, and its header promises {promised}")


def _array(archive: zipfile.ZipFile, record: zipfile.ZipInfo) -> tuple[str, np.ndarray]:
    with archive.open(record) as stream:
        array = read_array(stream, allow_pickle=False)
        # The checksum is checked at the end.
        if stream.read(1):
            raise ValueError(f"{record.filename} is longer than its array")
    return _name(record), array


def _name(record: zipfile.ZipInfo) -> str:
    return record.filename.removesuffix(".npy")
