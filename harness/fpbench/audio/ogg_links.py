"""Finds the links of a chained Ogg file, which are Ogg files one after another."""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from fpbench.audio.ogg_pages import BEGIN, CAPTURE, HEAD_BYTES

_MORE_BYTES = 255 + 8  # the table of a page, and what names the codec


@dataclass(frozen=True, slots=True)
class Link:
    """One link.

    Args:
        start: Its first byte.
        end: The byte after it.
        streams: First packets, as far as they are on the first pages, of all streams that it holds,
            whose pages take turns.
    """

    start: int
    end: int
    streams: tuple[bytes, ...]


def ogg_links(file: BinaryIO) -> Sequence[Link]:
    """Go from page to page, up to the end or to bytes that are no page."""
    starts: list[int] = []
    streams: list[tuple[bytes, ...]] = []
    at, began = 0, False
    while True:
        file.seek(at)
        head = file.read(HEAD_BYTES + _MORE_BYTES)
        if not head.startswith(CAPTURE) or len(head) < HEAD_BYTES:
            break
        table = head[HEAD_BYTES : HEAD_BYTES + head[26]]
        begins = bool(head[5] & BEGIN)
        if begins and not began:
            starts.append(at)
            streams.append(())
        if begins:
            streams[-1] += (head[HEAD_BYTES + len(table) :],)
        began = begins
        at += HEAD_BYTES + len(table) + sum(table)
    end = min(at, file.seek(0, os.SEEK_END))
    return [
        Link(start, stop, packets)
        for start, stop, packets in zip(starts, [*starts[1:], end], streams, strict=False)
    ]


class LinkFile(io.RawIOBase):
    """Reads a link as if it were a file of its own."""

    def __init__(self, file: BinaryIO, link: Link) -> None:
        self._file, self._link, self._at = file, link, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(
            whence, self._link.end - self._link.start
        )
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any, /) -> int:  # whatever libsndfile's wrapper hands over
        self._file.seek(self._link.start + self._at)
        left = max(self._link.end - self._link.start - self._at, 0)
        content = self._file.read(min(len(buffer), left))
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)
