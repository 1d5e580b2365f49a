"""Finds damage in Matroska and WebM files, which are elements inside elements."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader

from fpbench.audio.damage_report import Damage

EBML = 0x1A45DFA3

_SEGMENT, _INFO, _CLUSTER = 0x18538067, 0x1549A966, 0x1F43B675
_TIMESTAMP, _SIMPLE_BLOCK, _TIMESTAMP_SCALE = 0xE7, 0xA3, 0x2AD7B1
_CRC32, _VOID = 0xBF, 0xEC
_SEEK_HEAD, _TRACKS, _CHAPTERS, _CUES = 0x114D9B74, 0x1654AE6B, 0x1043A770, 0x1C53BB6B
_ATTACHMENTS, _TAGS, _SIGNATURES = 0x1941A469, 0x1254C367, 0x1B538667
_IN_SEGMENT = frozenset(
    {_INFO, _CLUSTER, _SEEK_HEAD, _TRACKS, _CHAPTERS, _CUES, _ATTACHMENTS, _TAGS, _SIGNATURES}
    | {_CRC32, _VOID}
)
_IN_CLUSTER = frozenset({_TIMESTAMP, _SIMPLE_BLOCK, 0xA0, 0x5854, 0xA7, 0xAB, 0xAF, _CRC32, _VOID})
_STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class _Element:
    """An element; the length is None if its writer did not know it."""

    name: int
    start: int
    length: int | None


@dataclass(slots=True)
class _Clock:
    """Where the walk is: seconds before the segment, then units to a cluster and to a block."""

    before_s: float = 0.0
    units_per_s: float = 1_000.0
    cluster: int = 0
    block: int = 0

    def now_s(self) -> float:
        return self.before_s + max(self.cluster + self.block, 0) / self.units_per_s


class _BrokenError(Exception):
    """Carries the clause about the first bad place up to where its time is known."""


def find_matroska_damage(file: BufferedReader, size: int) -> Damage | None:
    """Walk over all clusters and the blocks in them, and check the checksums that there are.

    What a block holds is not checked, unless the cluster has a checksum. A file whose writer did
    not know its length, and that ends between two blocks, is not told from a whole one.

    Source: RFC 8794 (EBML), RFC 9559 (Matroska).
    """
    clock = _Clock()
    try:
        _walk_segments(file, size, clock)
    except _BrokenError as err:
        return Damage(clock.now_s(), str(err))
    return None


def _walk_segments(file: BufferedReader, size: int, clock: _Clock) -> None:
    at = 0
    while at < size and (element := _read_element(file, at)) is not None:
        if element.name == _SEGMENT:
            end = size if element.length is None else element.start + element.length
            clock.before_s, clock.cluster, clock.block = clock.now_s(), 0, 0
            _walk_segment(file, element.start, min(end, size), clock)
            if end > size:
                raise _BrokenError(f"truncated: its header gives {end} bytes, the file has {size}")
            at = end
        elif element.name in {EBML, _VOID} and element.length is not None:
            at = element.start + element.length
        else:
            return  # something behind the last segment


def _walk_segment(file: BufferedReader, at: int, end: int, clock: _Clock) -> None:
    while at < end:
        element = _read_element(file, at)
        if element is not None and element.name == EBML:
            return  # joined to a segment whose length is unknown
        if element is None or element.name not in _IN_SEGMENT:
            raise _BrokenError("damaged: bytes between its clusters belong to none")
        if element.name == _CLUSTER:
            at = _walk_cluster(file, element, end, clock)
            continue
        if element.length is None or element.start + element.length > end:
            raise _BrokenError("truncated: its last element is incomplete")
        if element.name == _INFO:
            clock.units_per_s = _read_units_per_s(file, element)
        at = element.start + element.length


def _walk_cluster(file: BufferedReader, cluster: _Element, end: int, clock: _Clock) -> int:
    """Where the cluster ends."""
    at, checksum = cluster.start, None
    cluster_end = end if cluster.length is None else cluster.start + cluster.length
    while at < min(cluster_end, end):
        element = _read_element(file, at)
        if element is None or element.name not in _IN_CLUSTER or element.length is None:
            if cluster.length is None and element and element.name in {*_IN_SEGMENT, EBML}:
                return at
            raise _BrokenError("damaged: bytes between its blocks belong to none")
        at = element.start + element.length
        if at > end:
            raise _BrokenError("truncated: its last block is incomplete")
        if at > cluster_end:
            raise _BrokenError("damaged: a block is longer than its cluster")
        _read_time(file, element, clock)
        checksum = element if element.name == _CRC32 else checksum
    if cluster_end > end:
        raise _BrokenError("truncated: its last cluster is incomplete")
    if cluster.length is not None and checksum and not _has_crc32(file, checksum, cluster_end):
        clock.block = 0
        raise _BrokenError("damaged: the checksum of a cluster is wrong")
    return cluster_end


def _read_time(file: BufferedReader, element: _Element, clock: _Clock) -> None:
    if element.name == _TIMESTAMP and element.length is not None:
        file.seek(element.start)
        timestamp = int.from_bytes(file.read(min(element.length, 8)), "big")
        if timestamp < clock.cluster:
            raise _BrokenError("damaged: a cluster is there twice or out of order")
        clock.cluster, clock.block = timestamp, 0
    elif element.name == _SIMPLE_BLOCK:
        file.seek(element.start)
        head = file.read(4)
        if len(head) == 4 and head[0] & 0x80:
            clock.block = int.from_bytes(head[1:3], "big", signed=True)


def _has_crc32(file: BufferedReader, element: _Element, end: int) -> bool:
    """Whether a checksum is that of all that follows it in its cluster."""
    file.seek(element.start)
    expected = int.from_bytes(file.read(4), "little")
    found, at = 0, element.start + 4
    while at < end:
        piece = file.read(min(_STEP, end - at))
        found, at = zlib.crc32(piece, found), at + len(piece)
        if not piece:
            break
    return found == expected


def _read_units_per_s(file: BufferedReader, info: _Element) -> float:
    for element in _children(file, info):
        if element.name == _TIMESTAMP_SCALE and element.length:
            file.seek(element.start)
            return 1e9 / max(int.from_bytes(file.read(min(element.length, 8)), "big"), 1)
    return 1_000.0


def _children(file: BufferedReader, parent: _Element) -> Iterator[_Element]:
    at, end = parent.start, parent.start + (parent.length or 0)
    while at < end and (element := _read_element(file, at)) is not None:
        if element.length is None:
            return
        yield element
        at = element.start + element.length


def _read_element(file: BufferedReader, at: int) -> _Element | None:
    """The element that begins at a place; None if none does."""
    file.seek(at)
    head = file.read(12)
    name_bytes = 9 - head[0].bit_length() if head else 9
    if name_bytes > 4 or len(head) <= name_bytes:
        return None
    name = int.from_bytes(head[:name_bytes], "big")
    length_bytes = 9 - head[name_bytes].bit_length()
    field = head[name_bytes : name_bytes + length_bytes]
    if length_bytes > 8 or len(field) < length_bytes:
        return None
    ones = (1 << 7 * length_bytes) - 1
    length = int.from_bytes(field, "big") & ones
    return _Element(name, at + name_bytes + length_bytes, None if length == ones else length)
