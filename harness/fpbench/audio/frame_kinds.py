"""Reads the frames of AAC with ADTS headers, and of AC-3 and E-AC-3."""

from collections.abc import Callable
from dataclasses import dataclass

from fpbench.audio.frame_walk import Frame

_ADTS_RATES_HZ = (
    *(96_000, 88_200, 64_000, 48_000, 44_100, 32_000),
    *(24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350),
)
_AC3_RATES_HZ = (48_000, 44_100, 32_000)
_AC3_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
_AC3_BLOCK_SAMPLES = 256


@dataclass(frozen=True, slots=True)
class LoneFrames:
    """Frames that say nothing of each other.

    Implements :class:`fpbench.audio.frame_walk.FrameKind`.

    Args:
        read_head: Reads the first bytes of a frame.
        sync: What every frame begins with.
        head_bytes: How many bytes ``read_head`` needs.
    """

    read_head: Callable[[bytes], Frame | None]
    sync: bytes
    head_bytes: int = 7

    def follow(self, frame: Frame, head: bytes, /) -> str | None:
        return None

    def restart(self) -> None:
        return

    def starts_file(self, frame: Frame, head: bytes, /) -> bool:
        return False

    def finish(self) -> str | None:
        return None


def read_adts(head: bytes) -> Frame | None:
    """A frame of AAC.

    Source: ISO 13818-7, 6.2.
    """
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return None
    rate_code = head[2] >> 2 & 15
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    if rate_code >= len(_ADTS_RATES_HZ) or length < 7:
        return None
    samples = 1024 * ((head[6] & 3) + 1)
    family = head[1] << 8 | head[2] & 0xFC
    return Frame(length, samples / _ADTS_RATES_HZ[rate_code], family)


def read_ac3(head: bytes) -> Frame | None:
    """A frame of AC-3 or E-AC-3.

    Source: ATSC A/52, 5.3 and E.2.2.
    """
    if len(head) < 7 or head[:2] != b"\x0b\x77":
        return None
    return _read_ac3(head) if head[5] >> 3 <= 10 else _read_eac3(head)


ADTS = LoneFrames(read_adts, b"\xff")
AC3 = LoneFrames(read_ac3, b"\x0b\x77")


def _read_ac3(head: bytes) -> Frame | None:
    rate_code, size_code = head[4] >> 6, head[4] & 63
    if rate_code == 3 or size_code >= 2 * len(_AC3_KBPS):
        return None
    rate_hz = _AC3_RATES_HZ[rate_code]
    words = _AC3_KBPS[size_code // 2] * 96_000 // rate_hz
    if rate_hz == 44_100:
        words += size_code % 2
    return Frame(2 * words, 6 * _AC3_BLOCK_SAMPLES / rate_hz, rate_code)


def _read_eac3(head: bytes) -> Frame | None:
    length = 2 * (((head[2] & 7) << 8 | head[3]) + 1)
    rate_code, blocks_code = head[4] >> 6, head[4] >> 4 & 3
    if head[5] >> 3 > 16 or (rate_code == 3 and blocks_code == 3) or head[2] >> 6 == 3:
        return None
    rate_hz, blocks = _AC3_RATES_HZ[rate_code % 3], (1, 2, 3, 6)[blocks_code]
    if rate_code == 3:
        rate_hz, blocks = _AC3_RATES_HZ[blocks_code] // 2, 6
    # A frame that depends on another has sound of the same time.
    duration_s = 0.0 if head[2] >> 6 == 1 else blocks * _AC3_BLOCK_SAMPLES / rate_hz
    return Frame(length, duration_s, 256 | rate_code)
