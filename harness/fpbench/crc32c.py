"""CRC-32C (Castagnoli) of many bytes at once, in NumPy.

A checksum without its initial and final inversion is linear over GF(2), and leading zeros do not
change it. So the bytes are laid out as equally long lanes that advance together, and neighbouring
lanes are merged by the matrix that appends as many zeros as the right one is long.
"""

from functools import cache

import numpy as np
from jaxtyping import UInt8, UInt32

_POLYNOMIAL = np.uint32(0x82F63B78)  # bit-reversed
_ONES = np.uint32(0xFFFFFFFF)
_MASK_DELTA = 0xA282EAD8
_WORD_BYTES = 4
_MOST_LANES = 4096
_BYTES_PER_LANE = 256  # at least, where there are that many

Operator = UInt32[np.ndarray, " bits"]
"""A linear map of 32 bits: column i is what it makes of bit i."""


def crc32c(data: bytes | bytearray | memoryview) -> int:
    """The checksum, without the mask of :func:`masked`.

    Source: RFC 3720, appendix B.4.
    """
    raw = np.frombuffer(data, dtype=np.uint8)
    lanes = 1
    while lanes < _MOST_LANES and lanes * 2 * _BYTES_PER_LANE <= len(raw):
        lanes *= 2
    words = -(-len(raw) // (_WORD_BYTES * lanes))
    state = _advance(_in_lanes(raw, lanes, words))
    zeros = _appending_zeros(_WORD_BYTES * words)
    while len(state) > 1:
        state = _apply(zeros, state[0::2]) ^ state[1::2]
        zeros = _apply(zeros, zeros)
    initial = _apply(_appending_zeros(len(raw)), np.array([_ONES]))
    return int(state[0] ^ initial[0] ^ _ONES)


def masked(crc: int) -> int:
    """As LevelDB and TensorFlow store it, so that checksums of checksums are not degenerate."""
    rotated = (crc >> 15 | crc << 17) & 0xFFFFFFFF
    return (rotated + _MASK_DELTA) & 0xFFFFFFFF


def _in_lanes(
    raw: UInt8[np.ndarray, " n"], lanes: int, words: int
) -> UInt32[np.ndarray, "words lanes"]:
    padded = np.zeros(_WORD_BYTES * lanes * words, dtype=np.uint8)
    padded[len(padded) - len(raw) :] = raw
    return np.ascontiguousarray(padded.view("<u4").astype(np.uint32).reshape(lanes, words).T)


def _advance(words: UInt32[np.ndarray, "words lanes"]) -> UInt32[np.ndarray, " lanes"]:
    low, high = _tables()
    state = np.zeros(words.shape[1], dtype=np.uint32)
    for word in words:
        state ^= word
        state = low[state & 0xFFFF] ^ high[state >> 16]
    return state


@cache
def _tables() -> tuple[UInt32[np.ndarray, " halves"], UInt32[np.ndarray, " halves"]]:
    """What a word of zeros makes of every lower and every upper half of the state."""
    halves = np.arange(1 << 16, dtype=np.uint32)
    zeros = _appending_zeros(_WORD_BYTES)
    return _apply(zeros, halves), _apply(zeros, halves << np.uint32(16))


@cache
def _appending_zeros(size_bytes: int) -> Operator:
    """The map from the state before ``size_bytes`` zeros to the state after them."""
    bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
    step = np.where(bits & 1, _POLYNOMIAL, bits >> 1).astype(np.uint32)
    result, count = bits, 8 * size_bytes
    while count:
        if count & 1:
            result = _apply(step, result)
        step = _apply(step, step)
        count >>= 1
    return result


def _apply(operator: Operator, states: UInt32[np.ndarray, " n"]) -> UInt32[np.ndarray, " n"]:
    result = np.zeros_like(states)
    for bit, column in enumerate(operator):
        result ^= np.where(states >> np.uint32(bit) & 1, column, np.uint32(0))
    return result
