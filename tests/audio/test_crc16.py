"""The checksum of FLAC is the one that a bit-by-bit division gives."""

import numpy as np
import pytest

from fpbench.audio.crc16 import crc16


def divide(content: bytes) -> int:
    remainder = 0
    for byte in content:
        remainder ^= byte << 8
        for _ in range(8):
            remainder = (remainder << 1 ^ 0x8005 * (remainder >> 15)) & 0xFFFF
    return remainder


def test_is_the_published_check_value() -> None:
    assert crc16(b"123456789") == 0xFEE8  # CRC-16/UMTS, which is this one


@pytest.mark.parametrize("length", [0, 1, 2, 3, 16, 1_000, 32_766, 32_767, 32_768, 65_535, 70_000])
def test_is_the_remainder_of_a_division(rng: np.random.Generator, length: int) -> None:
    content = rng.bytes(length)
    assert crc16(content) == divide(content)
    assert crc16(memoryview(content)) == divide(content)


def test_content_with_its_checksum_gives_zero(rng: np.random.Generator) -> None:
    content = rng.bytes(100)
    sealed = content + crc16(content).to_bytes(2, "big")
    assert crc16(sealed) == 0
    assert crc16(sealed + sealed + bytes(9)) == 0
