"""Finds WAV, W64, AIFF, CAF and AU files that hold fewer samples than they announce."""

import os
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from typing import Literal

from fpbench.audio.audio_tags import skip_tags
from fpbench.audio.damage_report import Damage

Order = Literal["little", "big"]

MPEG_CODECS = frozenset({0x50, 0x55})
"""Codecs of WAV whose samples are frames of MPEG audio."""

_STEP = 1 << 20
_MOST_JUNK_BYTES = 1 << 16
_CHUNK_NAME = re.compile(rb"[ -~]{4}.{4}", re.DOTALL)
_UNKNOWN = ((0, 1), (0x7EFF_F000, 0x8000_1000), (0xFFFF_F000, 1 << 32), (1 << 62, 1 << 64))
"""Ranges of lengths that writers leave in a header which they cannot go back to."""

_W64_GUID = bytes.fromhex("2e91cf11a5d628db04c10000")
_W64_CHUNK = bytes.fromhex("f3acd3118cd100c04f8edb8a")
_AIFF_PLAIN = frozenset({b"NONE", b"sowt", b"twos", b"fl32", b"FL32", b"fl64", b"in24", b"in32"})
_AU_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}  # by encoding


@dataclass(frozen=True, slots=True)
class SampleChunk:
    """Where the samples are.

    Args:
        start: Their first byte.
        end: The byte after them, by the header; None if it leaves that open.
        bytes_per_s: Bytes per second of audio; 0 if that is not known.
        codec: Codec of WAV; None for other formats.
        order: Byte order of the chunks behind the samples; None if their names are not of four
            letters.
    """

    start: int
    end: int | None
    bytes_per_s: float
    codec: int | None = None
    order: Order | None = None


@dataclass(frozen=True, slots=True)
class _Form:
    first_at: int
    order: Order
    name_bytes: int
    length_bytes: int
    counts_head: bool
    align: int
    samples: bytes
    layout: bytes
    read_bytes_per_s: Callable[[bytes], float]


def find_sample_chunk(file: BufferedReader) -> SampleChunk | None:
    """The samples of a file of chunks; None if it is none, or has no samples."""
    file.seek(0)
    magic = file.read(24)
    if magic.startswith(b".snd"):
        return _au_samples(magic)
    form = _form(magic)
    if form is None:
        return None
    bytes_per_s, codec, long_length = 0.0, None, 0
    for name, start, length in _chunks(file, form):
        if name == form.samples:
            announced = long_length if length == 0xFFFFFFFF and long_length else length
            order = form.order if form.name_bytes == form.length_bytes == 4 else None
            return SampleChunk(start, _end(start, announced), bytes_per_s, codec, order)
        content = file.read(min(length, 64))
        if name == form.layout and len(content) >= 16:
            bytes_per_s = form.read_bytes_per_s(content)
            if form.order == "little":
                codec = int.from_bytes(content[:2], "little")
        if name == b"ds64":
            long_length = int.from_bytes(content[8:16], "little")
    return None


def find_chunk_damage(file: BufferedReader, size: int, chunk: SampleChunk) -> Damage | None:
    """Compare the announced end of the samples with the size of the file.

    Zeros among the samples are not told from silence.
    """
    if chunk.end is None:
        return None
    if chunk.end > size:
        held = max(size - chunk.start, 0)
        return Damage(
            held / chunk.bytes_per_s if chunk.bytes_per_s else None,
            f"truncated: its header gives {chunk.end} bytes, the file has {size}",
        )
    beyond = size - _chunks_end(file, chunk, size) if chunk.order else 0
    if beyond > _MOST_JUNK_BYTES:
        return Damage(None, f"damaged: {beyond} bytes behind its samples belong to no chunk")
    return None


def _chunks_end(file: BufferedReader, chunk: SampleChunk, size: int) -> int:
    """Where the chunks behind the samples end, and tags and zeros behind them."""
    at = chunk.end or size
    while at < size:
        file.seek(at + at % 2)
        head = file.read(8)
        length = int.from_bytes(head[4:], chunk.order or "little")
        if not _CHUNK_NAME.match(head) or at + at % 2 + 8 + length > size:
            break
        at += at % 2 + 8 + length
    after = skip_tags(file, at)
    file.seek(after)
    while after < size and (piece := file.read(_STEP)) and not piece.strip(b"\0"):
        after += len(piece)
    return after


def _form(magic: bytes) -> _Form | None:
    kind = magic[8:12]
    if magic[:4] in {b"RIFF", b"RF64", b"BW64"} and kind == b"WAVE":
        return _Form(12, "little", 4, 4, False, 2, b"data", b"fmt ", _wav_rate("<"))
    if magic[:4] == b"RIFX" and kind == b"WAVE":
        return _Form(12, "big", 4, 4, False, 2, b"data", b"fmt ", _wav_rate(">"))
    if magic[:4] == b"riff" and magic[4:16] == _W64_GUID:
        samples, layout = b"data" + _W64_CHUNK, b"fmt " + _W64_CHUNK
        return _Form(40, "little", 16, 8, True, 8, samples, layout, _wav_rate("<"))
    if magic[:4] == b"FORM" and kind in {b"AIFF", b"AIFC"}:
        return _Form(12, "big", 4, 4, False, 2, b"SSND", b"COMM", _aiff_bytes_per_s)
    if magic[:4] == b"caff":
        return _Form(8, "big", 4, 8, False, 1, b"data", b"desc", _caf_bytes_per_s)
    return None


def _chunks(file: BufferedReader, form: _Form) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and length of the content of each chunk, before which the file then stands."""
    at = form.first_at
    head_bytes = form.name_bytes + form.length_bytes
    size = file.seek(0, os.SEEK_END)
    while at < size:
        file.seek(at)
        head = file.read(head_bytes)
        if len(head) < head_bytes:
            return
        length = int.from_bytes(head[form.name_bytes :], form.order)
        if form.counts_head:
            length -= head_bytes
        if length < 0:
            return
        yield head[: form.name_bytes], at + head_bytes, length
        at += head_bytes + length
        at += -at % form.align


def _au_samples(head: bytes) -> SampleChunk:
    start, length, encoding, rate_hz, channels = struct.unpack(">5I", head[4:24].ljust(20, b"\0"))
    bytes_per_s = float(rate_hz * channels * _AU_BYTES.get(encoding, 0))
    return SampleChunk(start, _end(start, length), bytes_per_s)


def _end(start: int, length: int) -> int | None:
    return None if any(low <= length < high for low, high in _UNKNOWN) else start + length


def _wav_rate(order: str) -> Callable[[bytes], float]:
    def bytes_per_s(layout: bytes) -> float:
        return float(struct.unpack_from(f"{order}I", layout, 8)[0])

    return bytes_per_s


def _aiff_bytes_per_s(layout: bytes) -> float:
    channels, _, bits = struct.unpack_from(">HIH", layout)
    exponent, mantissa = struct.unpack_from(">HQ", layout.ljust(18, b"\0"), 8)
    compressed = len(layout) >= 22 and layout[18:22] not in _AIFF_PLAIN
    if compressed or exponent >= 17_000:  # no rate is so large
        return 0.0
    return float(mantissa * 2.0 ** max(exponent - 16_446, -1000) * channels * ((bits + 7) // 8))


def _caf_bytes_per_s(layout: bytes) -> float:
    rate_hz, packet_bytes, packet_frames = struct.unpack_from(">d8xII", layout)
    return float(rate_hz / packet_frames * packet_bytes) if packet_frames else 0.0
