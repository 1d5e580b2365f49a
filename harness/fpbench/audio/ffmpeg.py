"""Decodes recordings with FFmpeg's libraries, which PyAV brings along."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fpbench.audio.first_bytes import HEAD_BYTES, looks_like_audio
from fpbench.audio.recording import FRAMES_AT_ONCE, Block, Recording

if TYPE_CHECKING:  # it takes a tenth of a second to import, and no array types come from it
    from av import AudioFifo, AudioFrame, AudioStream, FFmpegError
    from av.container import InputContainer

# Formats that lead to other files or to the network, such as playlists, are not among them, nor
# those without a header, which any file may be taken for.
_FORMATS = (
    "aac,aa,ac3,ac4,adx,aea,aiff,amr,amrnb,amrwb,ape,apac,asf,asf_o,ast,au,avi,avr,bonk,brstm,caf,"
    "dsf,dts,dtshd,eac3,epaf,flac,flv,hca,hcom,iff,ircam,loas,lc3,matroska,matroska,webm,mlp,mov,"
    "mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,mpeg,mpegts,mxf,nistsphere,nut,ogg,oma,osq,paf,pvf,qcp,qoa,"
    "rka,rm,rso,shn,sox,spdif,swf,tak,truehd,tta,vividas,voc,vqf,w64,wav,wavarc,wsd,wtv,wv,wve,xa,"
    "xwma"
)
_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}

_EXACT_FORMATS = frozenset(
    {"aiff", "ape", "asf", "au", "caf", "flv", "matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "mpc"}
    | {"mpc8", "rm", "sox", "tak", "tta", "w64", "wav", "wv"}
)
"""Formats whose header gives the duration; of others it is an estimate from the bit rate."""

_FILE_DURATION = frozenset({"asf", "matroska,webm"})
"""Formats whose header gives the time at which the whole file ends.

A stream may start later than at 0, and end before another one.
"""

_SLACK_S = 0.5
"""Audio that may be missing without a word.

Times of containers are rounded, encoder delays may count or not, and Opus sends a packet every
0.4 s of silence only.
"""

_FRAMES_ONLY = frozenset({"aac", "ac3", "eac3", "mp3"})
"""Formats that are frames and nothing else, between which programs write tags of many kinds.

FFmpeg skips what is no frame; :func:`fpbench.audio.damage.find_damage` tells tags from damage.
"""

_WITH_CHECKSUMS = frozenset({"ape", "flac", "mlp", "shorten", "tak", "truehd", "tta", "wavpack"})
"""Codecs that say whether what was decoded is what was encoded."""

_BROADCASTS = frozenset({"dts", "loas", "mlp", "mpeg", "mpegts", "truehd"})
"""Formats whose recordings begin and end in the middle of a frame."""

_CHUNKS = frozenset({"aiff", "au", "caf", "w64", "wav"})
"""Formats whose samples may be padded to an even length, or last to the end of the file.

:func:`fpbench.audio.damage.find_damage` compares their lengths.
"""

_FULL_SCALE = {"u8": 1 << 7, "s16": 1 << 15, "s32": 1 << 31}


@cache
def ffmpeg_version() -> str:
    """Name and version of what :func:`open_with_ffmpeg` decodes with."""
    import av

    return f"FFmpeg {av.ffmpeg_version_info}, PyAV {av.__version__}"


@contextmanager
def open_with_ffmpeg(path: Path) -> Iterator[Recording]:
    """Open the default audio stream of a file, or its first.

    Pictures, videos and subtitles in the file are ignored. FFmpeg removes encoder delay and
    padding where the file gives them.

    Raises:
        OSError: The file is missing or cannot be read.
        ValueError: It holds no audio that FFmpeg knows, or its first frame is damaged.
    """
    import av

    # "file:" keeps a name with a colon from being a protocol. Tags are often not UTF-8.
    name = f"file:{os.fspath(path)}"
    try:
        container = av.open(name, options=_OPTIONS, metadata_errors="replace")
    except av.FFmpegError as err:
        with path.open("rb") as file:
            known = looks_like_audio(file.read(HEAD_BYTES))
        reason = "truncated or damaged" if known else "it is not recognised as audio"
        raise ValueError(f"{reason}: {_describe(err)}") from err
    with container:
        decoder = _Decoder(container)
        yield Recording(
            path=path,
            container=container.format.name,
            sample_rate_hz=decoder.sample_rate_hz,
            channels=decoder.channels,
            announced_frames=decoder.announced_frames,
            is_estimate=container.format.name not in _EXACT_FORMATS,
            decoder=ffmpeg_version(),
            blocks=decoder.blocks,
        )


class _Decoder:
    """Decodes the default audio stream of a container, from its start to its end."""

    def __init__(self, container: "InputContainer") -> None:
        self._container = container
        self._stream = _default_stream(container)
        context = self._stream.codec_context
        context.thread_count = 1  # the callers read files in threads
        if context.name in _WITH_CHECKSUMS:
            context.options = {"err_detect": "crccheck+explode"}
        self.sample_rate_hz = context.sample_rate or 1
        self.channels = context.layout.nb_channels
        self._decoded = 0  # samples per channel, including the frame that is handed out
        self._ends_at: float | None = None  # of the last frame, in units of their time base
        self._units_per_s = 1.0
        self._frames = self._decode()
        self._first = next(self._frames, None)
        if self._first is not None:
            # Headers may give half the sample rate of HE-AAC, or one channel of two.
            self.sample_rate_hz = self._first.sample_rate
            self.channels = self._first.layout.nb_channels
        self.announced_frames = _announced_frames(container, self._stream, self.sample_rate_hz)

    def blocks(self) -> Iterator[Block]:
        """Decode in blocks.

        Raises:
            ValueError: The decoder refuses a part of the file, the sample rate or the number of
                channels changes, or the file ends before the time that its header gives.
        """
        yield from self._join_frames()
        if self.announced_frames is None or self._container.format.name not in _EXACT_FORMATS:
            return
        missing_s = (self.announced_frames - self._decoded) / self.sample_rate_hz
        if missing_s > _SLACK_S and not _may_outlast(self._container, self._stream):
            announced_s = self.announced_frames / self.sample_rate_hz
            raise self._damage(f"truncated: its header gives {announced_s:.2f} s")

    def _join_frames(self) -> Iterator[Block]:
        """Join frames, of which a second has about forty, to blocks."""
        import av

        fifo = av.AudioFifo()
        first = [] if self._first is None else [self._first]
        self._first = None
        for frame in chain(first, self._frames):
            frame.pts = None  # a FIFO would refuse a gap
            try:
                fifo.write(frame)
            except ValueError as err:  # it takes frames of one kind
                if frame.sample_rate != self.sample_rate_hz:
                    change = f"from {self.sample_rate_hz} to {frame.sample_rate} Hz"
                    raise ValueError(f"its sample rate changes {change} {self._at()}") from err
                yield from _drain(fifo)
                fifo = av.AudioFifo()
                fifo.write(frame)
            if fifo.samples >= FRAMES_AT_ONCE:
                yield from _drain(fifo)
        yield from _drain(fifo)

    def _decode(self) -> Iterator["AudioFrame"]:
        """Decode packet by packet, and check that nothing is missing between two frames."""
        import av

        refused: ValueError | None = None
        kind = self._container.format.name
        if kind == "wav" and self._stream.codec_context.name.startswith("mp"):
            kind = "mp3"
        try:
            for packet in self._container.demux(self._stream):
                try:
                    frames = packet.decode()
                except av.FFmpegError as err:
                    if kind not in _FRAMES_ONLY:
                        refused = refused or self._damage(f"damaged: {_describe(err)}")
                    continue
                if packet.is_corrupt and packet.size and kind not in _CHUNKS:
                    refused = refused or self._damage("truncated or damaged")
                if not self._decoded and kind in _BROADCASTS:
                    refused = None
                for frame in frames:
                    if refused is not None:
                        raise refused
                    self._check(frame)
                    self._decoded += frame.samples
                    yield frame
        except av.FFmpegError as err:
            raise self._damage(f"truncated or damaged: {_describe(err)}") from err
        if refused is not None and not (kind in _BROADCASTS | _CHUNKS and self._decoded):
            raise refused

    def _check(self, frame: "AudioFrame") -> None:
        """Check that a frame is whole and follows the last one."""
        if self._decoded and frame.is_corrupt:
            raise self._damage("truncated or damaged")
        # A FIFO does not check the number of channels, and would read memory beyond the frame.
        if self._decoded and frame.layout.nb_channels != self.channels:
            change = f"from {self.channels} to {frame.layout.nb_channels}"
            raise ValueError(f"its number of channels changes {change} {self._at()}")
        starts_at = frame.pts
        if starts_at is None:
            return
        if self._ends_at is None and frame.time_base:
            self._units_per_s = float(1 / frame.time_base)
        elif self._ends_at is not None:
            gap_s = (starts_at - self._ends_at) / self._units_per_s
            if gap_s > _SLACK_S:
                raise self._damage(f"{gap_s:.2f} s are missing")
        self._ends_at = starts_at + frame.samples / self.sample_rate_hz * self._units_per_s

    def _at(self) -> str:
        return f"at {self._decoded / self.sample_rate_hz:.1f} s"

    def _damage(self, reason: str) -> ValueError:
        at_s = self._decoded / self.sample_rate_hz
        return ValueError(f"{reason}, from {at_s:.1f} s on")


def _default_stream(container: "InputContainer") -> "AudioStream":
    from av.stream import Disposition

    streams = container.streams.audio
    if not streams:
        raise ValueError("it holds no audio")
    stream = next((one for one in streams if one.disposition & Disposition.default), streams[0])
    if stream.codec_context is None:
        raise ValueError("FFmpeg has no decoder for its audio")
    return stream


def _may_outlast(container: "InputContainer", stream: "AudioStream") -> bool:
    """Whether the duration in a header may be that of another stream.

    Moving pictures may last longer than their sound, as may a second track or lyrics.
    """
    from av.stream import Disposition

    still = Disposition.attached_pic | Disposition.still_image
    shared = container.format.name in _FILE_DURATION
    kinds = {"audio", "subtitle", "video"} if shared else {"video"}
    others = [one for one in container.streams if one.type in kinds and one.index != stream.index]
    return any(not one.disposition & still for one in others)


def _announced_frames(
    container: "InputContainer", stream: "AudioStream", sample_rate_hz: int
) -> int | None:
    start_s = 0.0
    if container.format.name in _FILE_DURATION and stream.start_time and stream.time_base:
        start_s = float(stream.start_time * stream.time_base)
    if stream.duration is not None and stream.time_base is not None:
        return round((float(stream.duration * stream.time_base) - start_s) * sample_rate_hz)
    if container.duration is not None:  # in microseconds
        return round((container.duration / 1_000_000 - start_s) * sample_rate_hz)
    return None


def _drain(fifo: "AudioFifo") -> Iterator[Block]:
    frame = fifo.read()
    if frame is None:
        return
    samples = frame.to_ndarray()
    kind = frame.format.name
    block = samples.T if kind.endswith("p") else samples.reshape(frame.samples, -1)
    full_scale = _FULL_SCALE.get(kind.removesuffix("p"))
    # What is too large for float32 becomes infinite, which the caller refuses.
    with np.errstate(all="ignore"):
        block = block.astype(np.float32, copy=False)
    if full_scale is not None:
        block /= np.float32(full_scale)
    yield block - np.float32(1) if kind.startswith("u8") else block


def _describe(err: "FFmpegError") -> str:
    import av

    if isinstance(err, av.InvalidDataError | av.error.UndefinedError):
        return "FFmpeg finds invalid data"
    return f"FFmpeg says '{err.strerror}'"
