"""Finds damage in ASF files such as WMA, which are packets of one size."""

from io import BufferedReader

from fpbench.audio.damage_report import Damage

ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")

_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_DATA_HEAD_BYTES = 50
_PROPERTIES_BYTES = 104
_PACKET = b"\x82\0\0"  # two bytes of error correction, which are not used
_LEAST_PACKET_BYTES = 100
_BROADCAST = 1  # a flag: the lengths are not known


def find_asf_damage(file: BufferedReader, size: int) -> Damage | None:
    """Check that all packets are there, and that each begins as those of most programs do.

    What a packet holds is not checked.

    Source: Advanced Systems Format, revision 01.20.03, 3.2 and 5.
    """
    properties, at = b"", 0
    while (head := _read(file, at, 30))[:16] != _DATA:
        length = _number(head[16:24])
        if not 24 <= length < size:
            return None
        if head[:16] == ASF:
            at += 30  # its objects are inside it
            continue
        if head[:16] == _PROPERTIES:
            properties = _read(file, at, _PROPERTIES_BYTES)
        at += length
    if len(properties) < _PROPERTIES_BYTES or _number(properties[88:92]) & _BROADCAST:
        return None
    start, end = at + _DATA_HEAD_BYTES, at + _number(head[16:24])
    packet_bytes = _number(properties[92:96])
    if (
        packet_bytes != _number(properties[96:100])
        or not _LEAST_PACKET_BYTES <= packet_bytes <= end - start
    ):
        return None
    played_s = max(_number(properties[64:72]) / 1e7 - _number(properties[80:88]) / 1e3, 0.0)
    s_per_byte = played_s / (end - start)
    checked = _read(file, start, 3) == _PACKET
    for packet in range(start, min(end, size - 2) if checked else start, packet_bytes):
        if _read(file, packet, 3) != _PACKET:
            return Damage((packet - start) * s_per_byte, "damaged: packets are incomplete or wrong")
    if end > size:
        reason = f"truncated: its header gives {end} bytes, the file has {size}"
        return Damage((size - start) * s_per_byte, reason)
    return None


def _read(file: BufferedReader, at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)


def _number(field: bytes) -> int:
    return int.from_bytes(field, "little")
