"""Checksums agree with published ones and with a bit-by-bit computation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpbench.crc32c import crc32c, masked


# The vectors of RFC 3720, appendix B.4.
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"", 0, id="nothing"),
        pytest.param(b"123456789", 0xE3069283, id="digits"),
        pytest.param(bytes(32), 0x8A9136AA, id="zeros"),
        pytest.param(bytes([255] * 32), 0x62A8AB43, id="ones"),
        pytest.param(bytes(range(32)), 0x46DD794E, id="rising"),
    ],
)
def test_agrees_with_the_standard(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected


@given(st.binary(max_size=40), st.integers(0, 70))
def test_agrees_with_one_bit_at_a_time(start: bytes, repeats: int) -> None:
    data = start * repeats
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    assert crc32c(data) == crc ^ 0xFFFFFFFF


def test_mask_rotates_and_adds() -> None:
    assert masked(0) == 0xA282EAD8
    assert masked(1) == 0xA282EAD8 + (1 << 17)
    assert masked(1 << 15) == 0xA282EAD9
