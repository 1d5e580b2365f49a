"""Finds where tags begin and end that programs put before, between and behind audio frames."""

import re
from io import BufferedReader

_ID3V2 = re.compile(rb"ID3[^\xff]{2}.[\x00-\x7f]{4}", re.DOTALL)
_ID3V1_BYTES = 128
_ID3V1_MORE_BYTES = 227  # "TAG+", which stands before
_APE_BYTES = 32  # of a header, and of a footer
_LYRICS_MAX_BYTES = 1 << 20


def skip_tags(file: BufferedReader, start: int) -> int:
    """The first byte after all tags that follow one another from ``start`` on.

    Source: ID3v2.4 3.1, ID3v1, APEv2 header, Lyrics3 v1 and v2.
    """
    while length := _tag_bytes(file, start):
        start += length
    return start


def audio_end(file: BufferedReader, size: int) -> int:
    """The first byte of the tags at the end of a file; its size if it has none."""
    end = size
    while length := _tag_bytes_before(file, end):
        end -= length
    return end


def _tag_bytes(file: BufferedReader, start: int) -> int:
    file.seek(start)
    head = file.read(_APE_BYTES)
    if _ID3V2.match(head):
        return _id3v2_bytes(head)
    if head.startswith(b"TAG+"):
        return _ID3V1_MORE_BYTES
    if head.startswith(b"TAG"):
        return _ID3V1_BYTES
    if head.startswith(b"APETAGEX"):
        return _APE_BYTES + int.from_bytes(head[12:16], "little")
    if head.startswith(b"LYRICSBEGIN"):
        end = re.search(rb"LYRICS200|LYRICSEND", head + file.read(_LYRICS_MAX_BYTES))
        return end.end() if end else 0
    return 0


def _id3v2_bytes(head: bytes) -> int:
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte
    return 10 + length + (10 if head[5] & 0x10 else 0)


def _tag_bytes_before(file: BufferedReader, end: int) -> int:
    file.seek(max(0, end - _ID3V1_MORE_BYTES))
    tail = file.read(min(end, _ID3V1_MORE_BYTES))
    footer = tail[-_APE_BYTES:]
    length = 0
    if len(tail) >= _ID3V1_BYTES and tail[-_ID3V1_BYTES:].startswith(b"TAG"):
        length = _ID3V1_BYTES
    elif tail.startswith(b"TAG+"):
        length = _ID3V1_MORE_BYTES
    elif footer.startswith(b"APETAGEX"):
        has_header = _APE_BYTES if footer[23] & 0x80 else 0
        length = int.from_bytes(footer[12:16], "little") + has_header
    elif footer[-10:].startswith(b"3DI"):
        length = _id3v2_bytes(footer[-10:])
    elif re.search(rb"\d{6}LYRICS200$", footer):
        length = int(footer[-15:-9]) + 15
    elif footer.endswith(b"LYRICSEND"):
        file.seek(max(0, end - _LYRICS_MAX_BYTES))
        lyrics = file.read(min(end, _LYRICS_MAX_BYTES))
        length = len(lyrics) - (lyrics.rfind(b"LYRICSBEGIN") % (len(lyrics) + 1))
    return min(length, end)
