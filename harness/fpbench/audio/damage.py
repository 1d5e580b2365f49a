"""Finds damage inside recordings and at their ends, without decoding them."""

import os
from functools import cache
from io import BufferedReader, FileIO
from pathlib import Path
from stat import S_ISREG
from typing import Any

from fpbench.audio.asf_packets import ASF, find_asf_damage
from fpbench.audio.audio_tags import audio_end, skip_tags
from fpbench.audio.damage_report import Damage
from fpbench.audio.flac_frames import find_flac_damage
from fpbench.audio.frame_kinds import AC3, ADTS
from fpbench.audio.frame_walk import FrameKind, find_frames, find_walk_damage
from fpbench.audio.matroska_elements import EBML, find_matroska_damage
from fpbench.audio.mpeg_frames import MpegFrames, free_frame_bytes
from fpbench.audio.ogg_pages import find_ogg_damage
from fpbench.audio.sample_chunks import (
    MPEG_CODECS,
    SampleChunk,
    find_chunk_damage,
    find_sample_chunk,
)
from fpbench.files import file_version

_BUFFER_BYTES = 1 << 18
_FREE_BYTES = 1 << 14  # has several frames, whatever their length

_MAGIC_BYTES = 5 * 192
_CONTAINERS = (
    *(b"RIFF", b"RIFX", b"FORM", b"FLV\1", b".RMF", b"nut/", b"MThd", b"wvpk", b"MAC ", b"TTA1"),
    *(b"\0\0\1\xba", b"\0\0\1\xb3", b"\x06\x0e\x2b\x34", b"\xb7\xd8\0\x20", b"MPCK", b"MP+"),
)
_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"styp"})
_TRANSPORT_BYTES = (188, 192)  # packets of MPEG-TS, without and with a time before each


def find_damage(path: Path) -> Damage | None:
    """Read the structure of a recording: its pages, frames, chunks or boxes.

    What is checked depends on the format, which the content determines, not the name;
    ``docs/howto/own-music.md`` has a table. Memory use does not depend on the size of the file.

    Returns:
        The first damage; None if there is none, or none that the format shows.

    Raises:
        OSError: The file cannot be read.
    """
    status = path.stat()
    if not S_ISREG(status.st_mode):
        return None
    return _find_once(path, *file_version(status))


@cache
def _find_once(path: Path, *_changes: int) -> Damage | None:
    """Damage, cached: a run reads most recordings several times."""
    with _open(path) as file:
        size = os.fstat(file.fileno()).st_size
        start = skip_tags(file, 0)
        file.seek(start)
        magic = file.read(_MAGIC_BYTES)
        if magic.startswith(b"OggS"):
            return find_ogg_damage(file, start)
        if magic.startswith(b"fLaC"):
            return find_flac_damage(file, size, start)
        if magic.startswith(EBML.to_bytes(4, "big")):
            return find_matroska_damage(file, size)
        if magic.startswith(ASF):
            return find_asf_damage(file, size)
        chunk = find_sample_chunk(file)
        if chunk is not None:
            return _find_sample_damage(file, size, chunk)
        end = start if _is_container(magic) else audio_end(file, size)
        return _find_frame_damage(file, start, end)


def _find_sample_damage(file: BufferedReader, size: int, chunk: SampleChunk) -> Damage | None:
    damage = find_chunk_damage(file, size, chunk)
    if damage is None and chunk.codec in MPEG_CODECS:
        end = min(size, chunk.end or size)
        return _find_frame_damage(file, chunk.start, end, cut_is_damage=False)
    return damage


def _is_container(magic: bytes) -> bool:
    """Whether other bytes stand between frames, which look like those of bare frames at first."""
    if magic.startswith(_CONTAINERS) or magic[4:8] in _BOXES:
        return True
    transport = (
        range(offset, _MAGIC_BYTES, packet)
        for packet in _TRANSPORT_BYTES
        for offset in range(packet)
    )
    return any(all(magic[at : at + 1] == b"G" for at in packets) for packets in transport)


def _find_frame_damage(
    file: BufferedReader, start: int, end: int, *, cut_is_damage: bool = True
) -> Damage | None:
    kinds: list[FrameKind[Any]] = [_mpeg_frames(file, start), ADTS, AC3]
    for kind in kinds:
        at = find_frames(file, start, end, kind)
        if at is not None:
            return find_walk_damage(file, at, end, kind, cut_is_damage=cut_is_damage)
    return None


def _mpeg_frames(file: BufferedReader, start: int) -> MpegFrames:
    file.seek(start)
    return MpegFrames(free_frame_bytes(file.read(_FREE_BYTES)))


def _open(path: Path) -> BufferedReader:
    """A file with a large buffer, in which most steps from frame to frame end."""
    return BufferedReader(FileIO(path), _BUFFER_BYTES)
