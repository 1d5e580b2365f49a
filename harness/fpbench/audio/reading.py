"""Audio files in, mono samples out, read ahead of whoever needs them."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import soundfile
import soxr
from jaxtyping import Float64

from fpbench.audio.sinc_resampling import resample_sinc_hann
from fpbench.errors import FpbenchError
from fpbench.plugin.datasets import Track
from fpbench.plugin.fingerprinters import Samples
from fpbench.prefetch import map_ahead

SILENCE_PEAK = 1e-4  # -80 dB of full scale: three steps of 16 bits, so nothing but dither


UNKNOWN_FRAMES = (1 << 63) - 1  # what libsndfile says of a FLAC whose header says nothing


Resampler = Literal["soxr", "sinc-hann"]


_FRAMES_AT_ONCE = 1 << 18


_MP3_SLACK_S = 0.2  # an MP3 header counts encoder delay and padding, which decoding may drop


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading one track: samples, or why there are none.

    Args:
        track: The one asked for.
        samples: Mono, at the rate asked for; None if the track is skipped.
        problem: Why it is skipped, without its name; None if it is not.
    """

    track: Track
    samples: Samples | None
    problem: str | None


def read_audio(path: Path, sample_rate_hz: int, resampler: Resampler = "soxr") -> Samples:
    """Read a wav, flac, ogg or mp3 file: the mean of its channels, resampled.

    Args:
        path: The format is taken from the contents, not from the name.
        sample_rate_hz: Wanted; the file may have any other.
        resampler: ``soxr`` at its high quality, or ``sinc-hann``
            (:mod:`fpbench.audio.sinc_resampling`).

    Returns:
        The samples, not scaled or clipped.

    Raises:
        FpbenchError: The file is missing, not audio, cut off, empty, or holds NaN or infinity.
    """
    problem: str | None
    try:
        # Bytes, because soundfile refuses text that is not UTF-8, as old file names are.
        with soundfile.SoundFile(os.fsencode(path)) as file:
            problem = _find_missing_end(path, file.format)
            if file.frames == UNKNOWN_FRAMES:
                problem = "its header does not say how long it is, as of one made in a pipe"
            pieces = [] if problem else list(_mono_pieces(file, sample_rate_hz, resampler))
            declared, read = file.frames, file.tell()
            if file.format == "MP3" and read < declared - _MP3_SLACK_S * file.samplerate:
                problem = f"cut off: {declared} samples announced, {read} there"
    except (soundfile.SoundFileError, OSError, RuntimeError) as err:
        raise FpbenchError(
            f"cannot read {path}: {_why_unreadable(path, err)}",
            hint="give a whole wav, flac, ogg or mp3 file",
        ) from err
    samples = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)
    if problem is None and len(samples) == 0:
        problem = "it holds no samples"
    if problem is None and not np.isfinite(samples).all():
        problem = "it holds samples that are not finite"
    if problem is not None:
        raise FpbenchError(
            f"cannot read {path}: {problem}", hint="replace the file or leave it out"
        )
    return samples


def durations_s(tracks: Sequence[Track]) -> Float64[np.ndarray, " tracks"]:
    """From the headers of the files; 0 for one that cannot be read."""
    return np.array([_duration_s(track) for track in tracks], dtype=np.float64)


def _duration_s(track: Track) -> float:
    try:
        about = track.path.stat()
        return _header_duration_s(track.path, about.st_ino, about.st_size, about.st_mtime_ns)
    except (soundfile.SoundFileError, OSError, RuntimeError):
        return 0.0


@cache
def _header_duration_s(path: Path, *_changes: int) -> float:
    """What a file's header says; a run asks several times, and a catalogue has many files."""
    info = soundfile.info(os.fsencode(path))
    return 0.0 if info.frames == UNKNOWN_FRAMES else float(info.duration)


def audio_hash(path: Path) -> str:
    """A hash of a file's bytes: equal files are the same audio whatever they are called.

    Raises:
        FpbenchError: The file cannot be read.
    """
    try:
        about = path.stat()
        return _digest(path, about.st_ino, about.st_size, about.st_mtime_ns)
    except OSError as err:
        raise FpbenchError(
            f"cannot read {path}: {err.strerror}", hint="check the path and its permissions"
        ) from err


@cache
def _digest(path: Path, *_changes: int) -> str:
    """Of a file's bytes, which a catalogue of a terabyte is read for once."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def read_ahead(
    tracks: Iterable[Track],
    sample_rate_hz: int,
    *,
    resampler: Resampler = "soxr",
    min_samples: int = 1,
    skip_silent: bool = True,
    workers: int | None = None,
) -> Iterator[Reading]:
    """Read tracks in threads, a few ahead of the caller, and hand them over in order.

    Args:
        tracks: Taken lazily; at most three per worker are held in memory.
        sample_rate_hz: Wanted.
        resampler: As for :func:`read_audio`.
        min_samples: Shorter tracks are skipped.
        skip_silent: Whether tracks that never exceed :data:`SILENCE_PEAK` are skipped.
        workers: Threads; None means one per core.

    Returns:
        One reading per track. A track that cannot be used is a reading with a problem; it never
        ends the iteration and nothing takes its place.
    """

    def read(track: Track) -> Reading:
        try:
            samples = read_audio(track.path, sample_rate_hz, resampler)
        except FpbenchError as err:
            return Reading(track, None, err.message.removeprefix(f"cannot read {track.path}: "))
        if len(samples) < min_samples:
            have_s, want_s = len(samples) / sample_rate_hz, min_samples / sample_rate_hz
            return Reading(track, None, f"too short: {have_s:.3g} s, {want_s:.3g} s needed")
        if skip_silent and max(samples.max(), -samples.min()) <= SILENCE_PEAK:
            return Reading(track, None, "silent")
        return Reading(track, samples, None)

    return map_ahead(read, tracks, workers=workers)


def _mono_pieces(
    file: soundfile.SoundFile, sample_rate_hz: int, resampler: Resampler
) -> Iterator[Samples]:
    """Piece by piece, so that ten hours of stereo at 48 kHz never lie in memory at once."""
    pieces = (
        np.ascontiguousarray(block[:, 0]) if block.shape[1] == 1 else block.mean(axis=1)
        for block in file.blocks(_FRAMES_AT_ONCE, dtype="float32", always_2d=True)
    )
    if file.samplerate == sample_rate_hz:
        yield from pieces
    elif resampler == "sinc-hann":
        whole = [*pieces, np.zeros(0, dtype=np.float32)]
        yield resample_sinc_hann(np.concatenate(whole), file.samplerate, sample_rate_hz)
    else:
        # A stream of pieces gives the same bytes as one call for the whole.
        stream = soxr.ResampleStream(
            file.samplerate, sample_rate_hz, 1, dtype="float32", quality="HQ"
        )
        for piece in pieces:
            yield stream.resample_chunk(piece)
        yield stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)


def _find_missing_end(path: Path, container: str) -> str | None:
    """How the file's end is missing, for formats where libsndfile reads on without a word."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if container == "OGG":
            # A page is at most 65307 bytes: 27, then a table of up to 255 lengths, then those.
            file.seek(max(0, size - 2 * 65_307))
            tail = file.read()
            page = tail.rfind(b"OggS\0")
            table = tail[page + 27 : page + 27 + tail[page + 26]] if page + 26 < len(tail) else b""
            if page >= 0 and (not table or page + 27 + len(table) + sum(table) > len(tail)):
                return "cut off: its last page is incomplete"
        if container in {"WAV", "WAVEX", "RF64"}:
            announced = _wav_data_end(file)
            if announced > size:
                return f"cut off: {announced} bytes announced, {size} there"
    return None


def _wav_data_end(file: BinaryIO) -> int:
    """Where a wav file's samples end by what its chunks say; 0 if they do not."""
    form = file.read(4)
    if form not in {b"RIFF", b"RIFX", b"RF64"}:
        return 0
    order: Literal["little", "big"] = "big" if form == b"RIFX" else "little"
    long_length = 0
    file.seek(12)
    while len(head := file.read(8)) == 8:
        name, length, start = head[:4], int.from_bytes(head[4:], order), file.tell()
        if name == b"data":
            # All ones point to the length in RF64's first chunk; or the writer, which could not
            # seek back, left them, or zero.
            return start + (long_length if length == 0xFFFFFFFF else length)
        if name == b"ds64":
            long_length = int.from_bytes(file.read(16)[8:], order)
        file.seek(start + length + length % 2)
    return 0


def _why_unreadable(path: Path, err: Exception) -> str:
    if not path.exists():
        return "there is no such file"
    if path.is_dir():
        return "it is a folder"
    if path.stat().st_size == 0:
        return "it is empty"
    # libsndfile puts its own idea of the file's name before the reason.
    return str(err).rpartition(": ")[2].strip().rstrip(".") or type(err).__name__
