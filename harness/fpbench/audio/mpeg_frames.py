"""Reads the frames of MPEG audio, layers I to III, and finds those that are missing."""

import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

from fpbench.audio.frame_walk import Frame

_KBPS = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""By whether the version is 1, and by layer."""

_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""By the two bits of the version: MPEG-1, MPEG-2, MPEG-2.5."""

_COUNT_SLACK = 2  # some encoders count the frame that has the count, or what they flush
_FAR_BEFORE = -(1 << 62)
_COUNTS = re.compile(rb"Xing|Info|VBRI")


@dataclass(frozen=True, slots=True)
class _Side:
    """Where the side information of layer III gives the lengths of main data.

    Args:
        size: Its length in bytes.
        back_shift: Bits behind the number of bytes that the main data begins before the frame.
        shifts: Bits behind the length in bits of the main data of each granule and channel.
    """

    size: int
    back_shift: int
    shifts: tuple[int, ...]


_SIDE = {
    (True, False): _Side(32, 247, tuple(244 - at for at in (20, 79, 138, 197))),
    (True, True): _Side(17, 127, tuple(124 - at for at in (18, 77))),
    (False, False): _Side(17, 128, tuple(124 - at for at in (10, 73))),
    (False, True): _Side(9, 64, tuple(60 - at for at in (9,))),
}
"""By whether the version is 1, and whether there is one channel."""


@dataclass(frozen=True, slots=True)
class MpegFrame(Frame):
    """A frame of MPEG audio.

    Args:
        is_version_1: Whether it is MPEG-1, not 2 or 2.5.
        layer: 1, 2 or 3.
        side_at: Where its side information begins, which is behind the checksum if it has one.
    """

    is_version_1: bool
    layer: int
    side_at: int


class MpegFrames:
    """Implements :class:`fpbench.audio.frame_walk.FrameKind`.

    A frame of layer III may use bytes that frames before it left over, and says how far back it
    reaches. Where that is further than they left any, frames are missing. A cut at the start of a
    file is no damage: excerpts are made so without encoding them again.

    Source: ISO 11172-3, 2.4.1; ISO 13818-3; the headers of Xing, LAME and VBRI.
    """

    head_bytes = 64
    sync = b"\xff"

    def __init__(self, free_bytes: int = 0) -> None:
        """Length of a frame without padding if the headers leave it open; else 0."""
        self._free_bytes = free_bytes
        self._frames = self._counted = 0
        self._stored = 0  # bytes of main data in all frames so far
        self._used = _FAR_BEFORE  # how many of them belong to these frames

    def read_head(self, head: bytes, /) -> MpegFrame | None:
        if len(head) < 4 or head[0] != 0xFF:
            return None
        frame = _frames().get(head[1] << 8 | head[2])
        if frame and not frame.length:
            if not self._free_bytes:
                return None
            padding = (head[2] >> 1 & 1) * (4 if frame.layer == 1 else 1)
            return replace(frame, length=self._free_bytes + padding)
        return frame

    def follow(self, frame: MpegFrame, head: bytes, /) -> str | None:
        if frame.layer != 3:
            return None
        layout = _SIDE[frame.is_version_1, head[3] >= 0xC0]
        side = int.from_bytes(head[frame.side_at : frame.side_at + layout.size], "big")
        bits = sum([side >> shift & 0xFFF for shift in layout.shifts])
        if not bits and self.starts_file(frame, head):
            reason = self.finish()
            self._frames, self._counted = 0, _counted_frames(head)
            self.restart()
            return reason
        self._frames += 1
        begin = self._stored - (side >> layout.back_shift)
        missing = begin < self._used
        if bits:
            self._used = begin + (bits + 7) // 8
        self._stored += frame.length - frame.side_at - layout.size
        if missing or self._used > self._stored:
            return "damaged: frames are missing or wrong"
        return None

    def restart(self) -> None:
        self._used = _FAR_BEFORE

    def starts_file(self, frame: MpegFrame, head: bytes, /) -> bool:
        return bool(_COUNTS.search(head, frame.side_at))

    def finish(self) -> str | None:
        if self._frames < self._counted - _COUNT_SLACK:
            return f"truncated: its header counts {self._counted} frames, {self._frames} are there"
        return None


def free_frame_bytes(content: bytes) -> int:
    """Length without padding of frames whose headers leave it open; 0 if they do not.

    Args:
        content: Several frames, from the header of one on.
    """
    whole = content[:1] == b"\xff" and len(content) > 2  # a file may end within a header
    frame = _frames().get(content[1] << 8 | content[2]) if whole else None
    if frame is None or frame.length:
        return 0
    like = re.compile(
        re.escape(content[:2])
        + rb"["
        + re.escape(bytes({content[2] & 0xFD, content[2] | 2}))
        + rb"]"
    )
    for match in like.finditer(content, 8):
        length = match.start()
        if any(like.match(content, 2 * length + shift) for shift in (-1, 0, 1)):
            padding = (content[2] >> 1 & 1) * (4 if frame.layer == 1 else 1)
            return length - padding
    return 0


def _counted_frames(head: bytes) -> int:
    """Frames after the first, which says how many they are; 0 if it does not."""
    match = _COUNTS.search(head)
    if match is None:
        return 0
    at = match.start()
    if match.group() == b"VBRI":
        return int.from_bytes(head[at + 14 : at + 18], "big")
    return int.from_bytes(head[at + 8 : at + 12], "big") if head[at + 7] & 1 else 0


@cache
def _frames() -> dict[int, MpegFrame]:
    """Frames by the second and third byte of the header; of length 0 if those leave it open."""
    frames = {}
    for version, layer, bare, kbps_code, rate_code, padding, private in product(
        _RATES_HZ, (1, 2, 3), (0, 1), range(15), range(3), (0, 1), (0, 1)
    ):
        is_1 = version == 3
        rate_hz = _RATES_HZ[version][rate_code]
        samples = 384 if layer == 1 else 1152 if layer == 2 or is_1 else 576
        slot = 4 if layer == 1 else 1
        kbps = _KBPS[is_1, layer][kbps_code - 1] if kbps_code else 0
        length = (samples // slot * kbps * 125 // rate_hz + padding) * slot if kbps else 0
        second = 0xE0 | version << 3 | (4 - layer) << 1 | bare
        third = kbps_code << 4 | rate_code << 2 | padding << 1 | private
        frames[second << 8 | third] = MpegFrame(
            length=length,
            duration_s=samples / rate_hz,
            family=version << 8 | layer << 4 | rate_code,
            is_version_1=is_1,
            layer=layer,
            side_at=4 if bare else 6,
        )
    return frames
