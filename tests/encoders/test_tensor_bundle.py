"""Reads a bundle as TensorFlow writes it, or refuses it."""

import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fpbench import FpbenchError
from fpbench.encoders.tensor_bundle import TensorBundle, masked_crc32c


# RFC 3720, appendix B.4: rotated right by 15 bits and added to 0xA282EAD8 by hand.
@pytest.mark.parametrize(
    ("data", "crc"),
    [
        pytest.param(b"", 0, id="empty"),
        pytest.param(b"123456789", 0xE3069283, id="digits"),
        pytest.param(bytes(32), 0x8A9136AA, id="zeros"),
    ],
)
def test_the_masked_checksum_agrees_with_the_standard(data: bytes, crc: int) -> None:
    bits = f"{crc:032b}"
    rotated = int(bits[-15:] + bits[:-15], 2)
    assert masked_crc32c(data) == (rotated + 0xA282EAD8) % 2**32


def test_the_masked_checksum_fits_four_bytes() -> None:
    assert len(struct.pack("<I", masked_crc32c(b"\xff" * 1000))) == 4


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
    for size in range(0, len(whole), 2):
        index.write_bytes(whole[:size])
        with pytest.raises(FpbenchError):
            TensorBundle(prefix)
