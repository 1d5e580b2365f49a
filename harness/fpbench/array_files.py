"""Reads archives of NumPy arrays that may be damaged, or made to fill the memory."""

import struct
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError

import numpy as np
from numpy.lib.format import read_array

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


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of an ``.npz`` archive, with its checksums.

    Raises:
        OSError: The file cannot be read.
        Exception: One of :data:`DAMAGE`: the archive is damaged, holds objects, or unpacks to more
            than a genuine one.
    """
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        records = archive.infolist()
        size, limit = sum(r.file_size for r in records), _MAX_RATIO * path.stat().st_size
        if size > max(limit, _SMALL_BYTES):
            raise ValueError(f"it unpacks to {size} bytes, {_MAX_RATIO} times its own size or more")
        arrays = dict(_array(archive, record) for record in records)
    if len(arrays) < len(records):
        raise ValueError("it holds two arrays of one name")
    return arrays


def _array(archive: zipfile.ZipFile, record: zipfile.ZipInfo) -> tuple[str, np.ndarray]:
    with archive.open(record) as stream:
        array = read_array(stream, allow_pickle=False)
        # The checksum is checked at the end.
        if stream.read(1):
            raise ValueError(f"{record.filename} is longer than its array")
    return record.filename.removesuffix(".npy"), array
