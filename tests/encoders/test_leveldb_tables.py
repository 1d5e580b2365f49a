"""Tables give their keys and values in order, and are refused if they are damaged."""

import struct
from typing import Any

import pytest

from fpbench.encoders.leveldb_tables import masked_crc32c, read_table


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


# Three numbers before each entry: bytes shared with the key before, own bytes, bytes of the value.
SHARING = b"\0\3\1abcx" + b"\2\1\1dy" + b"\0\1\0e"


def test_a_key_shares_its_start_with_the_key_before(bundle_format: Any) -> None:
    data = bundle_format.table([bundle_format.finish_block(SHARING)], [0])
    assert list(read_table(data, 1_000)) == [(b"abc", b"x"), (b"abd", b"y"), (b"e", b"")]


def test_blocks_are_read_in_the_order_of_the_index(bundle_format: Any) -> None:
    first, last = (bundle_format.finish_block(b"\0\1\1" + kept) for kept in (b"a1", b"b2"))
    assert list(read_table(bundle_format.table([last, first], [1, 0]), 1_000)) == [
        (b"a", b"1"),
        (b"b", b"2"),
    ]


def test_a_flipped_bit_is_found(bundle_format: Any) -> None:
    data = bytearray(bundle_format.table([bundle_format.finish_block(SHARING)], [0]))
    data[3] ^= 1
    with pytest.raises(ValueError, match="the block at byte 0 has a wrong checksum"):
        list(read_table(bytes(data), 1_000))


def test_a_table_that_is_larger_than_allowed_is_refused(bundle_format: Any) -> None:
    data = bundle_format.table([bundle_format.finish_block(SHARING)], [0])
    with pytest.raises(ValueError, match="more than 20 bytes"):
        list(read_table(data, 20))


def test_another_file_is_no_table() -> None:
    with pytest.raises(ValueError, match="does not end like the index"):
        list(read_table(bytes(100), 1_000))
