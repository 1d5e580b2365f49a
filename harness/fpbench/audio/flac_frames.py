"""Finds damage in FLAC files, whose frames have numbers and checksums."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from itertools import pairwise

import numpy as np
from jaxtyping import Int64

from fpbench.audio.audio_tags import audio_end
from fpbench.audio.crc16 import crc16
from fpbench.audio.damage_report import Damage
from fpbench.audio.flac_headers import HEADER_BYTES, FrameHeaders, read_frame_headers

_STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class _StreamInfo:
    blocks: tuple[int, int]
    rate_hz: int
    samples: int
    frame_bytes: int
    """Far more than the longest frame has, which is one without compression."""


def find_flac_damage(file: BufferedReader, size: int, start: int = 0) -> Damage | None:
    """Check number and checksums of every frame, and that as many samples are there as announced.

    Tags at the end are ignored. The MD5 sum of the samples is not compared, which would mean to
    decode them.

    Source: RFC 9639.
    """
    info = _read_metadata(file, start)
    if info is None:
        return Damage(0.0, "truncated: it ends in its metadata")
    samples, frames_start = 0, file.tell()
    frames_end = audio_end(file, size)
    file.seek(frames_start)
    for step in _steps(file, frames_end, info):
        if isinstance(step, str):
            return Damage(samples / info.rate_hz, step)
        samples += step
    if info.samples and samples != info.samples:
        fault = "truncated" if samples < info.samples else "damaged"
        return Damage(
            min(samples, info.samples) / info.rate_hz,
            f"{fault}: its header gives {info.samples} samples, its frames have {samples}",
        )
    return None


def _read_metadata(file: BufferedReader, start: int) -> _StreamInfo | None:
    """The first block of metadata; the file then stands before its frames. None if it ends."""
    file.seek(start + 4)
    info = None
    while len(head := file.read(4)) == 4:
        length = int.from_bytes(head[1:], "big")
        block = file.read(length)
        if len(block) < length:
            return None
        if head[0] & 0x7F == 0 and length >= 34:
            fields = int.from_bytes(block[10:18], "big")
            channels, bits = (fields >> 41 & 7) + 1, (fields >> 36 & 31) + 1
            blocks = int.from_bytes(block[0:2], "big"), int.from_bytes(block[2:4], "big")
            info = _StreamInfo(
                blocks=blocks,
                rate_hz=max(fields >> 44, 1),
                samples=fields & ((1 << 36) - 1),
                frame_bytes=2 * blocks[1] * channels * (bits + 1) // 8 + 1024,
            )
        if head[0] & 0x80:
            return info
    return None


def _steps(file: BufferedReader, end: int, info: _StreamInfo) -> Iterator[int | str]:
    """Numbers of samples of runs of good frames; a clause about the first bad place ends them."""
    # One buffer for all steps, because new memory takes longer than what is done with it.
    buffer = memoryview(bytearray(_STEP + info.frame_bytes + HEADER_BYTES))
    filled, left, number = 0, max(end - file.tell(), 0), 0
    while left > 0:
        got = file.readinto(buffer[filled : filled + min(left, _STEP)])
        left = left - got if got else 0
        filled += got
        if left == 0:
            # Zeros let the last header be found, and change no checksum that is right.
            buffer[filled : filled + HEADER_BYTES] = bytes(HEADER_BYTES)
            filled += HEADER_BYTES
        headers = read_frame_headers(buffer[:filled])
        run = _consecutive(headers, info)
        if not len(run) or headers.numbers[run[0]] != number:
            yield "damaged: frames are missing"
            return
        starts, samples = headers.at[run], headers.samples[run]
        yield from _check_frames(buffer, starts, samples)
        number, last = int(headers.numbers[run[-1]]), int(starts[-1])
        if left == 0:
            followed = bool(headers.at[-1] > last)
            good = crc16(buffer[last:filled]) == 0
            yield int(samples[-1]) if good else _fault_of_the_last(followed)
            return
        if filled - last > info.frame_bytes:
            yield _fault_of_the_last(followed=True)
            return
        buffer[: filled - last] = buffer[last:filled]
        filled -= last


def _consecutive(headers: FrameHeaders, info: _StreamInfo) -> Int64[np.ndarray, " run"]:
    """Rows of the header that the bytes begin with, and of those that continue it.

    Other bytes may look like a header, but hardly like one with the number that is next.
    """
    if not len(headers.at) or headers.at[0] != 0:
        return np.zeros(0, dtype=np.int64)
    # Before version 1.2 of FLAC, nothing told samples and frames apart where sizes vary.
    either = info.blocks[0] != info.blocks[1]
    by_samples = headers.numbers + headers.samples
    ahead = np.where(headers.counts_samples, by_samples, headers.numbers + 1)
    if (ahead[:-1] == headers.numbers[1:]).all():
        return np.arange(len(headers.at))
    run = [0]
    for row, number in enumerate(headers.numbers.tolist()):
        if number == ahead[run[-1]] or (either and number == by_samples[run[-1]]):
            run.append(row)
    return np.array(run)


def _check_frames(
    content: memoryview, starts: Int64[np.ndarray, " run"], samples: Int64[np.ndarray, " run"]
) -> Iterator[int | str]:
    """Samples of all frames but the last, whose end is not known."""
    bounds = starts.tolist()
    if crc16(content[: bounds[-1]]) == 0:
        yield int(samples[:-1].sum())
        return
    for n, (start, end) in enumerate(pairwise(bounds)):
        if crc16(content[start:end]):
            yield "damaged: the checksum of a frame is wrong"
            return
        yield int(samples[n])


def _fault_of_the_last(followed: bool) -> str:
    if followed:
        return "damaged: frames are incomplete or missing"
    return "truncated: its last frame is incomplete"
