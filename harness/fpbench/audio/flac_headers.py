"""Reads the headers of all FLAC frames in a stretch of bytes at once."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Int64, UInt8

HEADER_BYTES = 16
"""Length of the longest header."""

_LEAST_FRAME_BYTES = 8  # more headers than such frames are not read, for the sake of memory
_SYNC = 0xF8FF  # its last bit is set if frames have several sizes
_UTF8_LENGTHS = np.array(
    [1] * 0x80 + [0] * 0x40 + [2] * 0x20 + [3] * 0x10 + [4] * 8 + [5] * 4 + [6, 6, 7, 0]
)
_UTF8_MASKS = np.array([0, 0x7F, 0x1F, 0x0F, 0x07, 0x03, 0x01, 0x00])
_BLOCK_SAMPLES = np.array(
    [0, 192, *(144 << n for n in range(2, 6)), 0, 0, *(1 << n for n in range(8, 16))]
)
_BLOCK_BYTES = np.array([0] * 6 + [1, 2] + [0] * 8)
_RATE_BYTES = np.array([0] * 12 + [1, 2, 2, 0])


@dataclass(frozen=True, slots=True)
class FrameHeaders:
    """Headers whose checksum is right, in the order of the bytes.

    Args:
        at: Positions in the bytes.
        numbers: Number of each frame, or of its first sample where ``counts_samples``.
        samples: Length of each frame, in samples of one channel.
        counts_samples: Whether the number is that of a sample.
    """

    at: Int64[np.ndarray, " frames"]
    numbers: Int64[np.ndarray, " frames"]
    samples: Int64[np.ndarray, " frames"]
    counts_samples: Bool[np.ndarray, " frames"]


def read_frame_headers(content: bytes | memoryview) -> FrameHeaders:
    """Find everything that looks like a header of the kind that the bytes begin with.

    The last 15 bytes are left out.

    Bytes inside a frame may look like a header, too: every 16 million bytes or so.

    Source: RFC 9639, 9.1.
    """
    at = _syncs(content)
    at = at[at <= len(content) - HEADER_BYTES][: len(content) // _LEAST_FRAME_BYTES]
    octets = np.frombuffer(content, dtype=np.uint8)
    heads = octets[at[:, None] + np.arange(HEADER_BYTES)]
    fields = heads.astype(np.int64)
    block_codes, rate_codes = fields[:, 2] >> 4, fields[:, 2] & 15
    lengths = _UTF8_LENGTHS[fields[:, 4]]
    block_at = 4 + lengths
    ends = block_at + _BLOCK_BYTES[block_codes] + _RATE_BYTES[rate_codes]
    rows = np.arange(len(at))
    numbers = fields[:, 4] & _UTF8_MASKS[lengths]
    for n in range(1, lengths.max(initial=0)):
        numbers = np.where(n < lengths, numbers << 6 | fields[:, 4 + n] & 0x3F, numbers)
    short, long = fields[rows, block_at], fields[rows, block_at + 1]
    samples = np.select(
        [block_codes == 6, block_codes == 7],
        [short + 1, (short << 8 | long) + 1],
        _BLOCK_SAMPLES[block_codes],
    )
    good = (lengths > 0) & (block_codes > 0) & (rate_codes < 15) & (fields[:, 3] & 1 == 0)
    good &= _crc8(heads, ends) == heads[rows, np.minimum(ends, HEADER_BYTES - 1)]
    return FrameHeaders(at[good], numbers[good], samples[good], (fields[:, 1] & 1 == 1)[good])


def _syncs(content: bytes | memoryview) -> Int64[np.ndarray, " syncs"]:
    """Where the first two bytes occur, compared in pairs from even and odd positions on."""
    sync = int.from_bytes(content[:2], "little")
    if sync & 0xFEFF != _SYNC:
        return np.zeros(0, dtype=np.int64)
    found = []
    for offset in (0, 1):
        pairs = np.frombuffer(content, "<u2", (len(content) - offset) // 2, offset)
        found.append(2 * np.flatnonzero(pairs == sync) + offset)
    return np.sort(np.concatenate(found)).astype(np.int64)


def _crc8(
    heads: UInt8[np.ndarray, "frames 16"], ends: Int64[np.ndarray, " frames"]
) -> UInt8[np.ndarray, " frames"]:
    """Checksum of the bytes before each end."""
    remainders = np.zeros(len(heads), dtype=np.uint8)
    for n in range(min(ends.max(initial=0), HEADER_BYTES - 1)):
        remainders = np.where(n < ends, _crc8_table()[remainders ^ heads[:, n]], remainders)
    return remainders


@cache
def _crc8_table() -> UInt8[np.ndarray, " 256"]:
    """Polynomial x^8 + x^2 + x + 1."""
    table = np.arange(256)
    for _ in range(8):
        table = (table << 1 ^ 7 * (table >> 7)) & 0xFF
    return table.astype(np.uint8)
