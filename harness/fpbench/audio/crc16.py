"""The checksum of FLAC frames, at the speed of memory."""

from functools import cache

import numpy as np
from jaxtyping import UInt16

_POLYNOMIAL = 0x8005
_PERIOD_BYTES = 32_767


def crc16(content: bytes | memoryview) -> int:
    """CRC-16 with polynomial x^16 + x^15 + x^2 + 1, from zero, bits not reversed.

    The value of frames that end with their own checksum is zero, and so is that of several such
    frames one after another.

    The checksum is linear in the bits. The polynomial is x + 1 times one that is primitive, so
    x^32767 leaves the remainder 1: blocks of so many bytes are added up before anything else. Of
    what is left, the first half, moved on by the length of the second, is added to the second,
    until one word is left.
    """
    octets = np.frombuffer(content, dtype=np.uint8)
    whole = len(octets) // _PERIOD_BYTES * _PERIOD_BYTES
    blocks = octets[len(octets) - whole :].reshape(-1, _PERIOD_BYTES)
    padded = np.zeros(_PERIOD_BYTES + 1, dtype=np.uint8)  # zeros first change nothing
    padded[1:] = np.bitwise_xor.reduce(blocks, axis=0)
    first = octets[: len(octets) - whole]
    padded[len(padded) - len(first) :] ^= first
    words = padded.view(">u2").astype(np.uint16)
    while len(words) > 1:
        half = len(words) // 2
        words = _moved_on(half.bit_length() - 1)[words[:half]] ^ words[half:]
    return int(_moved_on(0)[words[0]])


@cache
def _moved_on(doublings: int) -> UInt16[np.ndarray, " 65536"]:
    """Remainder of every polynomial below degree 16 times x^(16 * 2^doublings)."""
    if doublings:
        half = _moved_on(doublings - 1)
        table: UInt16[np.ndarray, " 65536"] = half[half]
        return table
    table = np.zeros(1 << 16, dtype=np.uint16)
    for bit in range(16):
        remainder = _POLYNOMIAL
        for _ in range(bit):
            remainder = (remainder << 1 ^ _POLYNOMIAL * (remainder >> 15)) & 0xFFFF
        table[1 << bit : 2 << bit] = table[: 1 << bit] ^ remainder
    return table
