"""Reads TensorFlow checkpoints (tensor bundle V2) without TensorFlow.

``PREFIX.index`` is a LevelDB table from names to small protobuf messages, which give the position
of each tensor in ``PREFIX.data-?????-of-?????``. Every block and every tensor has a checksum.

The reader is our own, because TensorFlow is an installation of 600 MB, and no smaller library reads
this format.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fpbench.encoders.leveldb_tables import masked_crc32c, read_table
from fpbench.encoders.protobuf_messages import read_fields
from fpbench.errors import FpbenchError
from fpbench.stand_ins import refuse_stand_in

# Of names and messages, unpacked: those of 830 tensors and their optimiser have half a megabyte.
_MAX_INDEX_BYTES = 16 << 20

_DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 19: "<f2"}
_COPY_AGAIN = "fetch or copy the checkpoint again, with all files from one save"


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Position of a tensor in the data files; ``dtype`` is None if it is not numeric."""

    dtype: str | None
    shape: tuple[int, ...]
    shard: int
    offset: int
    size_bytes: int
    checksum: int


class TensorBundle:
    """An open checkpoint.

    Args:
        prefix: Common start of its file names, such as ``folder/ckpt-100``.

    Raises:
        FpbenchError: The checkpoint does not exist, or its index is damaged.
    """

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        self.index_path = prefix.with_name(prefix.name + ".index")
        refuse_stand_in(self.index_path)
        try:
            table = dict(read_table(_read_index(self.index_path), _MAX_INDEX_BYTES))
            self._shards = _header(table.pop(b""))
            self.entries: Mapping[str, StoredTensor] = {
                name.decode(): _parse_entry(message) for name, message in table.items()
            }
        except OSError as err:
            raise FpbenchError(
                f"cannot read {self.index_path}: {err.strerror}", hint="check the path"
            ) from err
        except (ValueError, KeyError) as err:
            raise FpbenchError(f"{self.index_path} is damaged: {err}", hint=_COPY_AGAIN) from err

    def read(self, name: str) -> np.ndarray:
        """Read one tensor.

        Raises:
            FpbenchError: It is not numeric, or its data are truncated or damaged.
        """
        entry = self.entries[name]
        path = self.shard_path(entry.shard)
        if entry.dtype is None:
            raise FpbenchError(
                f"{path}: tensor '{name}' is not numeric", hint="use the authors' checkpoint"
            )
        dtype = np.dtype(entry.dtype)
        if math.prod(entry.shape) * dtype.itemsize != entry.size_bytes:
            raise FpbenchError(
                f"{self.index_path} is damaged: '{name}' has shape {entry.shape} "
                f"but {entry.size_bytes} bytes",
                hint=_COPY_AGAIN,
            )
        try:
            with path.open("rb") as file:
                file.seek(entry.offset)
                data = file.read(entry.size_bytes)
        except (OSError, ValueError, OverflowError) as err:  # of a position that no file has
            raise FpbenchError(f"cannot read {path}: {err}", hint=_COPY_AGAIN) from err
        if len(data) < entry.size_bytes:
            raise FpbenchError(f"{path} is truncated: it ends inside '{name}'", hint=_COPY_AGAIN)
        if masked_crc32c(data) != entry.checksum:
            raise FpbenchError(
                f"{path} is damaged: '{name}' has a wrong checksum", hint=_COPY_AGAIN
            )
        return np.frombuffer(data, dtype=dtype).reshape(entry.shape)

    def shard_path(self, shard: int) -> Path:
        """Path of the data file with that number."""
        return self.prefix.with_name(f"{self.prefix.name}.data-{shard:05d}-of-{self._shards:05d}")


def _read_index(path: Path) -> bytes:
    size = path.stat().st_size
    if size > _MAX_INDEX_BYTES:
        raise ValueError(f"it has {size} bytes, and an index has less than {_MAX_INDEX_BYTES}")
    return path.read_bytes()


def _header(message: bytes) -> int:
    fields = dict(read_fields(message))
    if fields.get(2, 0):
        raise ValueError("its numbers are big-endian, which is not supported")
    return _number(fields.get(1, 0))


def _parse_entry(message: bytes) -> StoredTensor:
    fields = dict(read_fields(message))
    shape = fields.get(2, b"")
    if 7 in fields or not isinstance(shape, bytes):
        raise ValueError("it holds partitioned variables, which are not supported")
    return StoredTensor(
        dtype=_DTYPES.get(_number(fields.get(1, 0))),
        shape=tuple(
            _number(dict(read_fields(size)).get(1, 0))
            for number, size in read_fields(shape)
            if number == 2 and isinstance(size, bytes)
        ),
        shard=_number(fields.get(3, 0)),
        offset=_number(fields.get(4, 0)),
        size_bytes=_number(fields.get(5, 0)),
        checksum=_number(fields.get(6, 0)),
    )


def _number(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise ValueError("a message has text in place of a number")
    return value
