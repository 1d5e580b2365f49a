"""Reads the files of ``torch.save`` without PyTorch and without unpickling.

A file is a zip archive of a pickle and one record of raw numbers for each storage; before
PyTorch 1.6 it was a sequence of pickles and raw numbers.

The reader is our own, because PyTorch's ignores the checksums of the archive, unpacks records of
any size, and builds NumPy's objects from what is in the file.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from logging import getLogger
from pathlib import Path
from typing import Any

import numpy as np

from fpbench.encoders.pickles import CodeInPickleError
from fpbench.encoders.torch_tensors import (
    Storage,
    TorchTensor,
    read_numbers,
    read_torch_pickle,
)

logger = getLogger(__name__)

_ZIP_START = b"PK\x03\x04"
_MAX_PICKLE_BYTES = 16 << 20
_PIECE_BYTES = 1 << 20

# First pickle of a file from before PyTorch 1.6, and the version in the second one.
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_VERSION = 1001


@dataclass(frozen=True, slots=True)
class TorchFile:
    """An open file.

    Args:
        content: What was saved. Objects that are neither tensors nor plain data are left out.
        read: Reads the numbers of a tensor; raises ValueError if they are damaged, or if several
            elements of the tensor are the same number of the storage.
    """

    content: Any
    read: Callable[[TorchTensor], np.ndarray]


@contextmanager
def open_torch_file(
    path: Path, limit_bytes: int, *, dropped: Collection[str] = ()
) -> Iterator[TorchFile]:
    """Open a file, and check all checksums that it has.

    Args:
        limit_bytes: Largest size of the unpacked file.
        dropped: See :func:`fpbench.encoders.torch_tensors.read_torch_pickle`.

    Raises:
        CodeInPickleError: The file names a class or function that is not data.
        ValueError: The file is damaged, larger than the limit, or not a torch file.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        is_zip = file.read(len(_ZIP_START)) == _ZIP_START
        file.seek(0)
        if not is_zip:
            size = path.stat().st_size
            _refuse_size(size, limit_bytes)
            yield _open_legacy(file, size, dropped)
            logger.warning("%s has no checksums: compare its hash with its authors'", path.name)
            return
        with ExitStack() as stack:
            with _zip_errors():
                archive = stack.enter_context(zipfile.ZipFile(file))
                opened = _open_zip(archive, limit_bytes, dropped)
            yield opened


def _refuse_size(size: int, limit_bytes: int) -> None:
    if size > limit_bytes:
        raise ValueError(f"it has {size} bytes unpacked, more than the {limit_bytes} allowed")


# ---------------------------------------------------------------- zip archives


def _open_zip(archive: zipfile.ZipFile, limit_bytes: int, dropped: Collection[str]) -> TorchFile:
    records = _checked_records(archive, limit_bytes)
    roots = [name.rpartition("/")[0] for name in records if name.endswith("/data.pkl")]
    if len(roots) != 1:
        raise ValueError(f"it holds {len(roots)} files data.pkl")
    (root,) = roots
    order = _byte_order(archive, records.get(f"{root}/byteorder"))
    pickled = records[f"{root}/data.pkl"]
    if pickled.file_size > _MAX_PICKLE_BYTES:
        raise ValueError(f"its pickle has {pickled.file_size} bytes")
    storages: dict[str, Storage] = {}
    content = read_torch_pickle(io.BytesIO(archive.read(pickled)), storages, dropped)
    for key, storage in storages.items():
        record = records.get(f"{root}/data/{key}")
        if record is None or record.file_size != storage.size_bytes:
            raise ValueError(f"its storage {key[:20]!r} is missing or has another size")
    last: dict[str, bytes] = {}  # tensors of one storage mostly follow each other

    def read(tensor: TorchTensor) -> np.ndarray:
        key = tensor.storage.key
        if key not in last:
            last.clear()
            with _zip_errors():
                last[key] = archive.read(records[f"{root}/data/{key}"])
        return read_numbers(tensor, last[key], order)

    return TorchFile(content, read)


@contextmanager
def _zip_errors() -> Iterator[None]:
    """Turn the errors of a damaged archive into ValueError."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError) as err:
        raise ValueError(str(err) or "it is truncated") from err


def _checked_records(archive: zipfile.ZipFile, limit_bytes: int) -> dict[str, zipfile.ZipInfo]:
    """All records by name; each is unpacked once, so that the archive's checksums are checked."""
    records = {record.filename: record for record in archive.infolist()}
    if len(records) < len(archive.infolist()):
        raise ValueError("it holds two records of one name")
    _refuse_size(sum(record.file_size for record in records.values()), limit_bytes)
    for record in records.values():
        if record.flag_bits & 1 or record.compress_type not in (
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        ):
            raise ValueError("it is encrypted, or compressed in another way than torch does")
        with archive.open(record) as stream:
            while stream.read(_PIECE_BYTES):
                pass
    return records


def _byte_order(archive: zipfile.ZipFile, record: zipfile.ZipInfo | None) -> str:
    order = archive.read(record) if record is not None else b"little"
    if order not in (b"little", b"big"):
        raise ValueError(f"its byte order is {order[:10]!r}")
    return "<" if order == b"little" else ">"


# ---------------------------------------------------------------- files from before PyTorch 1.6


def _open_legacy(file: io.BufferedReader, size: int, dropped: Collection[str]) -> TorchFile:
    storages: dict[str, Storage] = {}
    _magic, _version, system, content, keys = (
        _read_legacy_pickle(file, number, storages, dropped) for number in range(5)
    )
    little = not isinstance(system, dict) or bool(system.get("little_endian", True))
    if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(storages):
        raise ValueError("it lists other storages than its tensors have")
    starts: dict[str, int] = {}
    for key in keys:
        count = int.from_bytes(file.read(8), "little" if little else "big")
        if count != storages[key].count:
            raise ValueError(f"its storage {key[:20]!r} has another size")
        starts[key] = file.tell()
        file.seek(storages[key].size_bytes, io.SEEK_CUR)
    if file.tell() != size:
        raise ValueError("it is truncated, or longer than its tensors")

    def read(tensor: TorchTensor) -> np.ndarray:
        file.seek(starts[tensor.storage.key])
        return read_numbers(tensor, file.read(tensor.storage.size_bytes), "<" if little else ">")

    return TorchFile(content, read)


def _read_legacy_pickle(
    file: io.BufferedReader, number: int, storages: dict[str, Storage], dropped: Collection[str]
) -> Any:
    # A stream in memory: a file would make room for any size that a pickle claims.
    start, stream = file.tell(), io.BytesIO(file.read(_MAX_PICKLE_BYTES))
    try:
        value = read_torch_pickle(stream, storages, dropped)
    except CodeInPickleError:
        raise
    except ValueError as err:
        raise ValueError(f"pickle {number + 1} of 5: {err}") from err
    file.seek(start + stream.tell())
    if number < 2 and value != (_LEGACY_MAGIC, _LEGACY_VERSION)[number]:
        raise ValueError("it does not start like a torch file")
    return value
