"""Reads LevelDB tables without LevelDB: sorted keys and values, in blocks with checksums.

Source: LevelDB, ``doc/table_format.md``.
"""

from collections.abc import Iterator

import google_crc32c

from fpbench.encoders.protobuf_messages import read_varint, take_bytes

_FOOTER_BYTES = 48
_MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
_MASK_DELTA = 0xA282EAD8
_TRAILER_BYTES = 5  # after a block: one byte of compression type, four of checksum


def read_table(data: bytes, max_bytes: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a table, sorted by key.

    Args:
        data: The whole file.
        max_bytes: Largest size of keys and values, unpacked: a key says how much it shares with the
            key before, and can share all of it a million times.

    Raises:
        ValueError: It is no table, damaged, compressed, or larger when unpacked.
    """
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
            if unpacked > max_bytes:
                raise ValueError(f"its names have more than {max_bytes} bytes")
            if name <= before and before:
                raise ValueError("its names are not sorted")
            yield name, message
            before = name


def _handle(data: bytes, at: int) -> tuple[slice, int]:
    offset, at = read_varint(data, at)
    size, at = read_varint(data, at)
    return slice(offset, offset + size), at


def _block(data: bytes, where: slice) -> Iterator[tuple[bytes, bytes]]:
    """Entries of a block. A key shares its start with the key before, which is stored once."""
    content = take_bytes(data, where.start, where.stop + 1)
    checksum = take_bytes(data, where.stop + 1, where.stop + _TRAILER_BYTES)
    if masked_crc32c(content) != int.from_bytes(checksum, "little"):
        raise ValueError(f"the block at byte {where.start} has a wrong checksum")
    if content[-1] != 0:
        raise ValueError(f"the block at byte {where.start} is compressed, which is not supported")
    block = content[:-1]
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 * (restarts + 1)
    key, at = b"", 0
    while at < end:
        shared, at = read_varint(block, at)
        unshared, at = read_varint(block, at)
        size, at = read_varint(block, at)
        if shared > len(key):
            raise ValueError("a name shares more than the name before has")
        key = key[:shared] + take_bytes(block, at, at + unshared)
        at += unshared
        yield key, take_bytes(block, at, at + size)
        at += size


def masked_crc32c(data: bytes) -> int:
    """CRC-32C as LevelDB and TensorFlow store it: rotated, plus a constant.

    The mask is needed because a plain CRC of data that contain their own CRC is weak.
    """
    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) % 2**32
