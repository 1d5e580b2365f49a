"""Reads a bundle as TensorFlow writes it, or refuses it."""

import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fpbench import FpbenchError
from fpbench.encoders.tensor_bundle import TensorBundle

VALUES = {
    "kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "bias": np.array([1, 2], dtype=np.float32),
    "iterations": np.array(7, dtype=np.int64),
}


@pytest.fixture
def prefix(tmp_path: Path, write_bundle: Callable[[Path, Mapping[str, np.ndarray]], None]) -> Path:
    write_bundle(tmp_path / "ckpt-1", VALUES)
    return tmp_path / "ckpt-1"


def test_reads_the_tensors_of_a_bundle(prefix: Path) -> None:
    bundle = TensorBundle(prefix)
    for name, value in VALUES.items():
        tensor = bundle.read(f"{name}/.ATTRIBUTES/VARIABLE_VALUE")
        assert tensor.dtype == value.dtype
        assert_array_equal(tensor, value)


def test_refuses_a_truncated_index(prefix: Path) -> None:
    index = prefix.with_name("ckpt-1.index")
    whole = index.read_bytes()
    for size in range(0, len(whole), 5):
        index.write_bytes(whole[:size])
        with pytest.raises(FpbenchError):
            TensorBundle(prefix)


# ---------------------------------------------------------------- an index with intent


def refused(tmp_path: Path, index: bytes, message: str) -> None:
    (tmp_path / "x.index").write_bytes(index)
    with pytest.raises(FpbenchError, match=rf"x\.index is damaged: .*{message}"):
        TensorBundle(tmp_path / "x")


def test_names_that_share_their_start_do_not_fill_the_memory(
    tmp_path: Path, bundle_format: Any
) -> None:
    """Each of ten thousand names of 20 kB takes seven bytes of the file."""
    varint = bundle_format.varint
    body = varint(0) + varint(20_000) + varint(0) + b"x" * 20_000
    shared = varint(20_000) + varint(2) + varint(0)
    body += b"".join(shared + struct.pack(">H", n) for n in range(10_000))
    index = bundle_format.table([bundle_format.finish_block(body)], [0])
    refused(tmp_path, index, "more than 16777216 bytes")


def test_a_block_that_is_named_a_million_times_is_not_read_as_often(
    tmp_path: Path, bundle_format: Any
) -> None:
    block = bundle_format.finish_block(b"\0\0\xc0\x84\x3d" + bytes(1_000_000))
    refused(tmp_path, bundle_format.table([block], [0] * 1_000), "more than 16777216 bytes")


def test_an_index_of_ten_terabytes_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "x.index").open("wb") as file:
        file.truncate(10**13)  # a hole; it takes no space
    with pytest.raises(FpbenchError, match=r"x\.index is damaged: it has 10000000000000 bytes"):
        TensorBundle(tmp_path / "x")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"\x05\0\0", "shares more than", id="shares with nothing"),
        pytest.param(b"\0\1\0b" + b"\0\1\0a", "not sorted", id="not sorted"),
        pytest.param(b"\0\1\0b" + b"\0\1\0b", "not sorted", id="twice"),
        pytest.param(b"\xff" * 11 + b"\1", "more than 64 bits", id="long number"),
        pytest.param(b"\0\x7f\0a", "truncated", id="beyond its block"),
        pytest.param(b"\0\1\0\xff", "can't decode", id="name is not text"),
    ],
)
def test_refuses_names_that_no_table_has(
    tmp_path: Path, bundle_format: Any, body: bytes, message: str
) -> None:
    header = b"\0\0\2" + bundle_format.field(1, 1)
    index = bundle_format.table([bundle_format.finish_block(header + body)], [0])
    refused(tmp_path, index, message)


@pytest.mark.parametrize("offset", [2**40, 2**64 - 1])
def test_refuses_a_tensor_that_is_not_in_its_file(
    prefix: Path, bundle_format: Any, offset: int
) -> None:
    field = bundle_format.field
    message = field(1, 1) + field(2, field(2, field(1, 2))) + field(4, offset) + field(5, 8)
    body = b"\0\0\2" + field(1, 1) + b"\0\1" + bundle_format.varint(len(message)) + b"a" + message
    index = bundle_format.table([bundle_format.finish_block(body)], [0])
    prefix.with_name("ckpt-1.index").write_bytes(index)
    with pytest.raises(FpbenchError, match=r"ckpt-1\.data.*(truncated|cannot read)|cannot read"):
        TensorBundle(prefix).read("a")
