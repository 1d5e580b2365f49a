"""Opens a recording and hands out the samples that its decoder returns, and no others."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Literal

import soundfile

from fpbench.audio.damage import find_damage
from fpbench.audio.ffmpeg import ffmpeg_version, open_with_ffmpeg
from fpbench.audio.ogg_links import Link, LinkFile, ogg_links
from fpbench.audio.recording import FRAMES_AT_ONCE, Block, Recording
from fpbench.errors import FpbenchError
from fpbench.stand_ins import find_stand_in

__all__ = ["Block", "Recording", "decoders", "open_recording"]

_LIBSNDFILE = f"libsndfile {soundfile.__libsndfile_version__}"
_VORBIS, _OPUS = b"\x01vorbis", b"OpusHead"  # what a stream of theirs begins with
_SYNCS = (b"\x72\xf8\x1f\x4e", b"\xfe\x7f\x01\x80", b"\xff\x1f\x00\xe8")  # IEC 61937, DTS
_SYNC_WITHIN_BYTES = 1 << 15
_WAVE_PCM, _WAVE_FLOAT, _WAVE_EXTENSIBLE = 1, 3, 0xFFFE

_Opened = AbstractContextManager[Recording]


def decoders() -> frozenset[str]:
    """Names and versions of all decoders, of which :attr:`Recording.decoder` is one."""
    return frozenset({_LIBSNDFILE, ffmpeg_version()})


@contextmanager
def open_recording(path: Path) -> Iterator[Recording]:
    """Open a recording. Its contents determine the format, not its name.

    libsndfile decodes wav files with PCM or floating point, for which it is twice as fast; FLAC,
    which it checks; Ogg Vorbis with one stream, whose last samples FFmpeg may drop; and the links
    of chained Ogg files. FFmpeg decodes all else.

    Raises:
        FpbenchError: The file is missing, empty or no audio; or a block that is read is damaged.
    """
    with ExitStack() as stack:
        with _name_in_errors(path):
            refuse_special_files(path)
            try:
                recording = stack.enter_context(_open(path))
            except (soundfile.SoundFileError, ValueError):
                damage = find_damage(path)
                if damage:  # whose reason says more
                    raise ValueError(str(damage)) from None
                raise

        def blocks() -> Iterator[Block]:
            with _name_in_errors(path):
                yield from recording.blocks()

        yield replace(recording, blocks=blocks)


@contextmanager
def _name_in_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (soundfile.SoundFileError, OSError, RuntimeError, ValueError) as err:
        raise FpbenchError(
            f"cannot read {path}: {_why_unreadable(err)}", hint="replace the file or leave it out"
        ) from err


def refuse_special_files(path: Path) -> None:
    """Refuse what is no regular file: to open a pipe can wait forever, and it is read only once.

    Raises:
        OSError: The path leads to nothing, a folder, a pipe, a device or an empty file, or to
            a stand-in such as a pointer of Git LFS.
    """
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise OSError("it is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is a pipe or a device, not a file")
    if status.st_size == 0:
        raise OSError("it is empty")
    stand_in = find_stand_in(path)
    if stand_in:
        raise OSError(f"it is {stand_in.what}: {stand_in.advice}")


def _open(path: Path) -> _Opened:
    with path.open("rb") as file:
        start = file.read(66)
        form = start[:4]
        if form in {b"RIFF", b"RIFX", b"RF64"} and start[8:12] == b"WAVE":
            file.seek(12)
            for_libsndfile = _is_plain_wav(file, form)
        elif form == b"riff":
            # FFmpeg refuses W64 whose encoder wrote to a pipe and could not give the length.
            codec = int.from_bytes(start[64:66], "little") if start[40:44] == b"fmt " else 0
            for_libsndfile = codec in {_WAVE_PCM, _WAVE_FLOAT}
        elif form == b"OggS":
            return _open_ogg(path, ogg_links(file))
        else:
            # libsndfile fails on FLAC whose encoder wrote to a pipe and could not give the length.
            samples = (
                (start[21] & 15) << 32 | int.from_bytes(start[22:26]) if len(start) == 66 else 0
            )
            for_libsndfile = form == b"fLaC" and samples > 0
    return _open_with_libsndfile(path) if for_libsndfile else open_with_ffmpeg(path)


def _open_ogg(path: Path, links: Sequence[Link]) -> _Opened:
    packets = [packet for link in links for packet in link.streams]
    if len(links) == 1 and len(packets) == 1 and packets[0].startswith(b"\x01vorbis"):
        return _open_with_libsndfile(path)
    if len(links) > 1 and all(
        packet.startswith((b"\x01vorbis", b"OpusHead")) for packet in packets
    ):
        return _open_chain(path, links)
    return open_with_ffmpeg(path)


@contextmanager
def _open_chain(path: Path, links: Sequence[Link]) -> Iterator[Recording]:
    """Open the links of a chained Ogg file one by one.

    FFmpeg decodes all Vorbis links with the codebooks of the first, and libsndfile, if it is given
    the file, stops after that.
    """
    if any(len(link.streams) > 1 for link in links):
        raise ValueError("it is a chained Ogg file with several streams at a time")
    with path.open("rb") as file:
        kinds: list[tuple[int, int]] = []
        frames = 0
        for link in links:
            with soundfile.SoundFile(LinkFile(file, link)) as part:
                kinds.append((part.samplerate, part.channels))
                if kinds[-1] != kinds[0]:
                    raise ValueError(
                        f"{_describe_change(*kinds[0], *kinds[-1])}, from "
                        f"{frames / kinds[0][0]:.1f} s on"
                    )
                frames += part.frames

        def blocks() -> Iterator[Block]:
            for link in links:
                with soundfile.SoundFile(LinkFile(file, link)) as part:
                    yield from _blocks(part)

        yield Recording(
            path=path,
            container="OGG",
            sample_rate_hz=kinds[0][0],
            channels=kinds[0][1],
            announced_frames=frames,
            is_estimate=False,
            decoder=_LIBSNDFILE,
            blocks=blocks,
        )


def _describe_change(rate_hz: int, channels: int, new_rate_hz: int, new_channels: int) -> str:
    if rate_hz != new_rate_hz:
        return f"its sample rate changes from {rate_hz} to {new_rate_hz} Hz"
    return f"its number of channels changes from {channels} to {new_channels}"


def _is_plain_wav(file: BinaryIO, form: bytes) -> bool:
    """Whether a wav file says how many samples it has, and they are integers or floating point.

    A codec's packets can be among integers, too: discs with DTS were often copied to wav files.
    """
    order: Literal["little", "big"] = "big" if form == b"RIFX" else "little"
    codec = None
    while len(head := file.read(8)) == 8:
        length, start = int.from_bytes(head[4:], order), file.tell()
        if head.startswith(b"fmt "):
            chunk = file.read(min(length, 40))
            codec = int.from_bytes(chunk[:2], order)
            if codec == _WAVE_EXTENSIBLE:
                codec = int.from_bytes(chunk[24:26], order)
        if head.startswith(b"data"):
            samples = file.read(_SYNC_WITHIN_BYTES)
            # A writer to a pipe leaves no length, which FFmpeg takes for all that follows.
            if (samples and not length) or any(sync in samples for sync in _SYNCS):
                return False
            break
        file.seek(start + length + length % 2)
    return codec in {_WAVE_PCM, _WAVE_FLOAT}


@contextmanager
def _open_with_libsndfile(path: Path) -> Iterator[Recording]:
    # Bytes, because soundfile refuses text that is not UTF-8, such as old file names.
    with soundfile.SoundFile(os.fsencode(path)) as file:
        yield Recording(
            path=path,
            container=file.format,
            sample_rate_hz=file.samplerate,
            channels=file.channels,
            announced_frames=file.frames,
            is_estimate=False,
            decoder=_LIBSNDFILE,
            blocks=lambda: _blocks(file),
        )


def _blocks(file: soundfile.SoundFile) -> Iterator[Block]:
    # Not SoundFile.blocks(): if a decoder returns less than its header announces, that hands out
    # the rest of its buffer, too, which is memory that nobody wrote.
    while len(block := file.read(FRAMES_AT_ONCE, "float32", always_2d=True)):
        yield block


def _why_unreadable(err: Exception) -> str:
    if isinstance(err, FileNotFoundError):
        return "there is no such file"
    if isinstance(err, OSError):
        return err.strerror or str(err)
    if isinstance(err, soundfile.LibsndfileError):
        if "SF_INFO" in err.error_string:  # what libsndfile says of a rate of 0
            return "its header is damaged"
        return str(err.error_string).removeprefix("Error : ").strip().rstrip(".")
    return str(err) or type(err).__name__
