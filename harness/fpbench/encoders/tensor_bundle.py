"""Reads TensorFlow checkpoints (tensor bundle V2) without TensorFlow.

``PREFIX.index`` is a LevelDB table from names to small protobuf messages, which give the position
of each tensor in ``PREFIX.data-?????-of-?????``. Every block and every tensor has a checksum.

The reader is our own, because TensorFlow is an installation of 600 MB, and no smaller library reads
this format.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import google_crc32c
import numpy as np

from fpbench.errors import FpbenchError
from fpbench.stand_ins import refuse_stand_in

_FOOTER_BYTES = 48
_MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
_MASK_DELTA = 0xA282EAD8
_TRAILER_BYTES = 5  # after a block: one byte of compression type, four of checksum
_VARINT_BYTES = 10  # of a number of 64 bits

# Of names and messages, unpacked: a key says how much it shares with the key before, and can share
# all of it a million times. A network of 830 tensors and their optimiser have half a megabyte.
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
            table = dict(_table(_read_index(self.index_path)))
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


# ---------------------------------------------------------------- the table


def _read_index(path: Path) -> bytes:
    size = path.stat().st_size
    if size > _MAX_INDEX_BYTES:
        raise ValueError(f"it has {size} bytes, and an index has less than {_MAX_INDEX_BYTES}")
    return path.read_bytes()


def _table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if len(data) < _FOOTER_BYTES or not data.endswith(_MAGIC):
        raise ValueError("it does not end like the index of a TensorFlow checkpoint")
    footer = data[-_FOOTER_BYTES:]
    _, at = _handle(footer, 0)
    index, _ = _handle(footer, at)
    unpacked, before = 0, b""
    for _, handle in _block(data, index):
        block, _ = _handle(handle, 0)
        unpacked += block.stop - block.start
        for name, message in _block(data, block):
            unpacked += len(name) + len(message)
            if unpacked > _MAX_INDEX_BYTES:
                raise ValueError(f"its names have more than {_MAX_INDEX_BYTES} bytes")
            if name <= before and before:
                raise ValueError("its names are not sorted")
            yield name, message
            before = name


def _handle(data: bytes, at: int) -> tuple[slice, int]:
    offset, at = _varint(data, at)
    size, at = _varint(data, at)
    return slice(offset, offset + size), at


def _block(data: bytes, where: slice) -> Iterator[tuple[bytes, bytes]]:
    """Entries of a block. A key shares its start with the key before, which is stored once."""
    content = _slice(data, where.start, where.stop + 1)
    checksum = _slice(data, where.stop + 1, where.stop + _TRAILER_BYTES)
    if masked_crc32c(content) != int.from_bytes(checksum, "little"):
        raise ValueError(f"the block at byte {where.start} has a wrong checksum")
    if content[-1] != 0:
        raise ValueError(f"the block at byte {where.start} is compressed, which is not supported")
    block = content[:-1]
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 * (restarts + 1)
    key, at = b"", 0
    while at < end:
        shared, at = _varint(block, at)
        unshared, at = _varint(block, at)
        size, at = _varint(block, at)
        if shared > len(key):
            raise ValueError("a name shares more than the name before has")
        key = key[:shared] + _slice(block, at, at + unshared)
        at += unshared
        yield key, _slice(block, at, at + size)
        at += size


def masked_crc32c(data: bytes) -> int:
    """CRC-32C as LevelDB and TensorFlow store it: rotated, plus a constant.

    The mask is needed because a plain CRC of data that contain their own CRC is weak.
    """
    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) % 2**32


# ---------------------------------------------------------------- the messages


def _header(message: bytes) -> int:
    fields = dict(_fields(message))
    if fields.get(2, 0):
        raise ValueError("its numbers are big-endian, which is not supported")
    return _number(fields.get(1, 0))


def _parse_entry(message: bytes) -> StoredTensor:
    fields = dict(_fields(message))
    shape = fields.get(2, b"")
    if 7 in fields or not isinstance(shape, bytes):
        raise ValueError("it holds partitioned variables, which are not supported")
    return StoredTensor(
        dtype=_DTYPES.get(_number(fields.get(1, 0))),
        shape=tuple(
            _number(dict(_fields(size)).get(1, 0))
            for number, size in _fields(shape)
            if number == 2 and isinstance(size, bytes)
        ),
        shard=_number(fields.get(3, 0)),
        offset=_number(fields.get(4, 0)),
        size_bytes=_number(fields.get(5, 0)),
        checksum=_number(fields.get(6, 0)),
    )


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and values of a protobuf message; absent fields are zero."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield tag >> 3, value
        elif kind == 2:
            size, at = _varint(message, at)
            yield tag >> 3, _slice(message, at, at + size)
            at += size
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            yield tag >> 3, int.from_bytes(_slice(message, at, at + size), "little")
            at += size
        else:
            raise ValueError(f"a message has a field of unknown kind {kind}")


def _number(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise ValueError("a message has text in place of a number")
    return value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Decode a number of seven bits per byte, lowest first; return it and the position after it."""
    value = shift = 0
    for _ in range(_VARINT_BYTES):
        byte = _slice(data, at, at + 1)[0]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("a number has more than 64 bits")


def _slice(data: bytes, start: int, stop: int) -> bytes:
    if stop > len(data):
        raise ValueError("it is truncated")
    return data[start:stop]
