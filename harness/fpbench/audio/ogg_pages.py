"""Finds damage in Ogg files, whose pages have numbers and checksums."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader

from fpbench.audio.damage_report import Damage

CAPTURE = b"OggS\0"

HEAD_BYTES = 27
BEGIN, _END = 2, 4  # flags of a page
_NO_GRANULE = (1 << 64) - 1  # of a page on which no packet ends
_STEP = 1 << 20
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class _Page:
    flags: int
    granule: int
    serial: int
    number: int
    body: bytes


@dataclass(slots=True)
class _Stream:
    """A logical stream: one of those that are multiplexed, or a link of a chain."""

    rate_hz: int
    delay: int
    next_number: int
    begins_s: float
    at_s: float
    ended: bool = False


def find_ogg_damage(file: BufferedReader, start: int = 0) -> Damage | None:
    """Check capture pattern, checksum and number of every page, and how every stream ends.

    Chained files (one stream after another) and multiplexed ones (pages of several in turn) are
    followed. Bytes after the last page are ignored, such as tags.

    Source: RFC 3533.
    """
    streams: dict[int, _Stream] = {}
    file.seek(start)
    for page in _pages(file):
        at_s = max((stream.at_s for stream in streams.values()), default=0.0)
        if isinstance(page, str):
            return Damage(at_s, page)
        reason = _follow(streams, page, at_s)
        if reason:
            return Damage(at_s, reason)
    # Streams of pictures or text do not count.
    cut_s = [stream.at_s for stream in streams.values() if stream.rate_hz and not stream.ended]
    return Damage(max(cut_s), "truncated: its last page does not end the stream") if cut_s else None


def ogg_checksum(page: bytes) -> int:
    """CRC-32 of a page whose four bytes for it are zero: polynomial 04c11db7, from zero, as is.

    zlib's is the same polynomial with the bits of every byte, and of the result, in reverse.
    """
    reflected = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(reflected.to_bytes(4, "little").translate(_REVERSED), "big")


def _pages(file: BufferedReader) -> Iterator[_Page | str]:
    """Pages in order; a clause about the first damaged place ends them."""
    while True:
        at = file.tell()
        head = file.read(HEAD_BYTES)
        if not head.startswith(CAPTURE):
            if _page_follows(file, at):
                yield "damaged: bytes between its pages belong to none"
            return
        table = file.read(head[26]) if len(head) == HEAD_BYTES else b""
        body = file.read(sum(table))
        if len(head) < HEAD_BYTES or len(table) < head[26] or len(body) < sum(table):
            # Lost bytes inside the page leave the start of a later one where its end should be.
            lost = CAPTURE in body
            yield f"{'damaged' if lost else 'truncated'}: its last page is incomplete"
            return
        if ogg_checksum(head[:22] + bytes(4) + head[26:] + table + body) != _number(head[22:26]):
            yield "damaged: the checksum of a page is wrong"
            return
        yield _Page(head[5], _number(head[6:14]), _number(head[14:18]), _number(head[18:22]), body)


def _follow(streams: dict[int, _Stream], page: _Page, at_s: float) -> str | None:
    """Take a page into account; a reason if it cannot be the next of its stream."""
    if page.flags & BEGIN:
        cut = any(not s.ended and s.at_s > s.begins_s for s in streams.values())
        if all(s.ended for s in streams.values()) or cut:
            streams.clear()
        if cut:
            return "damaged: a stream stops before its end, and another begins"
        rate_hz, delay = _clock(page.body)
        streams[page.serial] = _Stream(rate_hz, delay, page.number, at_s, at_s)
    stream = streams.get(page.serial)
    if stream is None:
        return "damaged: the first pages of a stream are missing"
    if page.number != stream.next_number:
        missing = (page.number - stream.next_number) % (1 << 32)
        if missing < 1 << 31:
            return f"damaged: {missing} page{'s' if missing > 1 else ''} missing"
        return "damaged: a page is there twice or out of order"
    stream.next_number = (page.number + 1) % (1 << 32)
    stream.ended = bool(page.flags & _END)
    if stream.rate_hz and page.granule != _NO_GRANULE:
        stream.at_s = max(
            stream.at_s, stream.begins_s + (page.granule - stream.delay) / stream.rate_hz
        )
    return None


def _clock(packet: bytes) -> tuple[int, int]:
    """Granules per second and the first one that is heard; zeros for what is no known audio.

    Source: the first packets of Vorbis I, RFC 7845 (Opus), Ogg FLAC 1.0 and Speex.
    """
    if packet.startswith(b"\x01vorbis"):
        return _number(packet[12:16]), 0
    if packet.startswith(b"OpusHead"):
        return 48_000, _number(packet[10:12])
    if packet.startswith(b"\x7fFLAC"):
        return int.from_bytes(packet[27:30], "big") >> 4, 0
    if packet.startswith(b"Speex   "):
        return _number(packet[36:40]), 0
    return 0, 0


def _page_follows(file: BufferedReader, start: int) -> bool:
    file.seek(start)
    tail = b""
    while block := file.read(_STEP):
        if CAPTURE in tail + block:
            return True
        tail = block[-len(CAPTURE) + 1 :]
    return False


def _number(field: bytes) -> int:
    return int.from_bytes(field, "little")
