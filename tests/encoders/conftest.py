"""TensorFlow's checkpoint format, written byte by byte."""

import os
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fpbench.encoders.leveldb_tables import masked_crc32c


def varint(number: int) -> bytes:
    low, high = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(high) if high else bytes([low])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def block(entries: Mapping[bytes, bytes]) -> bytes:
    """With keys that share what they can, a restart at the first, no compression."""
    body, before = b"", b""
    for key, value in entries.items():
        shared = len(os.path.commonprefix([before, key]))  # noqa: RUF071  of bytes, not of paths
        body += varint(shared) + varint(len(key) - shared) + varint(len(value))
        body += key[shared:] + value
        before = key
    return finish_block(body)


def finish_block(body: bytes) -> bytes:
    body += struct.pack("<II", 0, 1) + b"\0"
    return body + struct.pack("<I", masked_crc32c(body))


def table(blocks: Sequence[bytes], order: Sequence[int]) -> bytes:
    """An index file.

    Args:
        blocks: Data blocks.
        order: Which block each entry of the index block points to.
    """
    starts = [sum(map(len, blocks[:i])) for i in range(len(blocks))]
    handles = [varint(starts[i]) + varint(len(blocks[i]) - 5) for i in order]
    index = block({struct.pack(">I", n): handle for n, handle in enumerate(handles)})
    content, footer = b"".join(blocks), b""
    for last in (block({}), index):
        footer += varint(len(content)) + varint(len(last) - 5)
        content += last
    return content + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def _write_bundle(prefix: Path, values: Mapping[str, np.ndarray]) -> None:
    data = b""
    entries = {b"": field(1, 1)}
    for name in sorted(values):
        raw, shape = values[name].tobytes(), values[name].shape
        sizes = b"".join(field(2, field(1, size)) for size in shape)
        message = field(1, {"f": 1, "i": 9}[values[name].dtype.kind]) + field(2, sizes)
        message += field(4, len(data)) + field(5, len(raw))
        message += varint(6 << 3 | 5) + struct.pack("<I", masked_crc32c(raw))
        entries[f"{name}/.ATTRIBUTES/VARIABLE_VALUE".encode()] = message
        data += raw
    # Two data blocks, so that the index block has something to do.
    names = list(entries)
    blocks = [block({name: entries[name] for name in part}) for part in (names[:2], names[2:])]
    prefix.parent.mkdir(parents=True, exist_ok=True)
    prefix.with_name(prefix.name + ".index").write_bytes(table(blocks, [0, 1]))
    prefix.with_name(prefix.name + ".data-00000-of-00001").write_bytes(data)


@pytest.fixture
def write_bundle() -> Callable[[Path, Mapping[str, np.ndarray]], None]:
    """Writes a TensorFlow checkpoint of some tensors: an index of two blocks, and one data file."""
    return _write_bundle


@pytest.fixture
def bundle_format() -> SimpleNamespace:
    """The parts of an index file, to write one that TensorFlow does not write."""
    return SimpleNamespace(varint=varint, field=field, finish_block=finish_block, table=table)
