"""Reads audio files as mono samples, ahead of the caller if wanted."""

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import soxr
from jaxtyping import Float64

from fpbench.audio.channels import CANCELLED_DB, ChannelMixer, loudest_channel
from fpbench.audio.damage import find_damage
from fpbench.audio.decoding import (
    Block,
    Recording,
    open_recording,
    refuse_special_files,
)
from fpbench.audio.silence import SILENCE_PEAK, are_silent
from fpbench.audio.sinc_resampling import resample_sinc_hann
from fpbench.errors import FpbenchError
from fpbench.files import file_version
from fpbench.plugin.datasets import Channel, Track
from fpbench.plugin.fingerprinters import Samples
from fpbench.prefetch import map_ahead

Resampler = Literal["soxr", "sinc-hann"]

_LONGEST_H = 30  # a few megabytes of FLAC can hold a month of silence
_RATES_HZ = (10, 1_000_000)
_MOST_CHANNELS = 256
_LARGEST_UPSAMPLING = 20  # a damaged rate of 100 Hz would make an hour of music a month


@dataclass(frozen=True, slots=True)
class Reading:
    """Outcome of reading one track: samples, or the reason why the track is skipped.

    Args:
        track: The track.
        samples: Mono samples at the requested rate; None if the track is skipped.
        reason: Reason for skipping, without the name of the track; None if it is not skipped.
        failed: Whether the track could not be read, which another attempt may change.
        cancelled_db: Level of the mean of the channels below them; 0 for one channel.
    """

    track: Track
    samples: Samples | None
    reason: str | None
    failed: bool = False
    cancelled_db: float = 0.0


def read_audio(
    path: Path, sample_rate_hz: int, resampler: Resampler = "soxr", channel: Channel = "mean"
) -> Samples:
    """Read an audio file of any common format, mix its channels and resample it.

    Args:
        path: Path of the file. Its contents determine the format, not its name.
        sample_rate_hz: Rate of the result; the file may have any rate.
        resampler: ``soxr`` with its quality HQ, or ``sinc-hann``
            (:mod:`fpbench.audio.sinc_resampling`).
        channel: Signal that is taken of several channels.

    Returns:
        The samples, neither scaled nor clipped.

    Raises:
        FpbenchError: The file is missing, no audio, truncated or empty, changes while it is read,
            or holds NaN, infinity or samples far beyond full scale.
    """
    return _read(path, sample_rate_hz, resampler, channel)[0]


def _read(
    path: Path, sample_rate_hz: int, resampler: Resampler, channel: Channel
) -> tuple[Samples, ChannelMixer]:
    """The samples of :func:`read_audio`, and what mixing them found out."""
    mixer = ChannelMixer(channel, _find_loudest(path) if channel == "loudest" else 0)
    with open_recording(path) as recording:
        try:
            pieces = list(mono_pieces(recording, sample_rate_hz, resampler, mixer))
        except ValueError as err:
            raise refusal(path, str(err)) from err
    return np.concatenate(pieces), mixer


def _version(path: Path) -> tuple[int, ...] | None:
    """What a file that is written to changes; None if it is gone."""
    try:
        return file_version(path.stat())
    except OSError:
        return None


def _find_loudest(path: Path) -> int:
    # Decoded twice, because all channels of ten hours would not fit into memory.
    with open_recording(path) as recording:
        return loudest_channel(recording.blocks()) if recording.channels > 1 else 0


def checked_blocks(recording: Recording) -> Iterator[Block]:
    """Decode a whole recording as :meth:`Recording.blocks` does, and refuse it if it is damaged.

    Raises:
        FpbenchError: It is truncated, empty or too long, its rate is impossible, or it changes
            while it is read. Blocks that were handed out before are then worth nothing.
    """
    path = recording.path
    before = _version(path)
    reason = _why_refused(recording) or _why_damaged(path)
    if reason is not None:
        raise refusal(path, reason)
    frames = 0
    for block in recording.blocks():
        frames += len(block)
        if frames > _LONGEST_H * 3600 * recording.sample_rate_hz:
            raise refusal(path, f"it has more than {_LONGEST_H} hours: split it")
        yield block
    if frames == 0:
        reason = "it holds no samples"
    if _version(path) != before:
        reason = "it changes while it is read"
    if reason is not None:
        raise refusal(path, reason)


def _why_damaged(path: Path) -> str | None:
    """Damage that decoders may pass over, or whose place they do not know."""
    try:
        damage = find_damage(path)
    except OSError as err:
        return err.strerror or str(err)
    return str(damage) if damage else None


def refusal(path: Path, reason: str) -> FpbenchError:
    """The error of a recording that is not used."""
    return FpbenchError(f"cannot read {path}: {reason}", hint="replace the file or leave it out")


def _why_refused(recording: Recording) -> str | None:
    """Reason to refuse a recording by its header."""
    rate_hz, frames = recording.sample_rate_hz, recording.announced_frames
    if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
        return f"its header gives a sample rate of {rate_hz} Hz"
    if recording.channels > _MOST_CHANNELS:
        return f"its header gives {recording.channels} channels"
    if frames is not None and not recording.is_estimate and frames > _LONGEST_H * 3600 * rate_hz:
        return f"it has {frames / rate_hz / 3600:.0f} hours, more than {_LONGEST_H}: split it"
    return None


def durations_s(tracks: Sequence[Track]) -> Float64[np.ndarray, " tracks"]:
    """Durations from the file headers; 0 for a file that cannot be read or is refused.

    They can be estimates from the bit rate: a run uses the durations of what was decoded. A file
    that does not exist yet has the duration of its track.
    """
    return np.array([_duration_s(track) for track in tracks], dtype=np.float64)


def _duration_s(track: Track) -> float:
    try:
        return _header_duration_s(track.path, *file_version(track.path.stat()))
    except FileNotFoundError:
        return track.duration_s
    except (FpbenchError, OSError):
        return 0.0


@cache
def _header_duration_s(path: Path, *_changes: int) -> float:
    """Duration from the header, cached: a run needs it several times for many files."""
    with open_recording(path) as recording:
        if _why_refused(recording) or recording.announced_frames is None:
            return 0.0
        longest_s = _LONGEST_H * 3600.0
        return min(max(0, recording.announced_frames) / recording.sample_rate_hz, longest_s)


def track_hash(track: Track) -> str:
    """Hash of a track's audio: of its file and, unless it is their mean, of the channel.

    Raises:
        FpbenchError: The file cannot be read.
    """
    digest = audio_hash(track.path)
    return digest if track.channel == "mean" else f"{digest}-{track.channel}"


def why_changed(track: Track, known_hash: str | None) -> str | None:
    """Reason to skip a track that has changed since its hash was taken; None if it has not."""
    try:
        changed = track_hash(track) != known_hash
    except FpbenchError:
        changed = True
    return "it has changed since it was first read" if changed else None


def audio_hash(path: Path) -> str:
    """Hash of a file's bytes: equal files are the same audio, whatever their names.

    Raises:
        FpbenchError: The file cannot be read.
    """
    try:
        refuse_special_files(path)
        return _digest(path, *file_version(path.stat()))
    except OSError as err:
        raise FpbenchError(
            f"cannot read {path}: {err.strerror or err}", hint="check the path and its permissions"
        ) from err


@cache
def _digest(path: Path, *_changes: int) -> str:
    """Hash of a file's bytes, cached: a catalogue may have a terabyte of audio."""
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
    """Read tracks in threads, a few ahead of the caller.

    Args:
        tracks: Tracks to read. At most three per worker are in memory, and not more of them than
            :data:`fpbench.prefetch.AHEAD_BYTES` allow.
        sample_rate_hz: Rate of the samples.
        resampler: As for :func:`read_audio`.
        min_samples: Minimum length; shorter tracks are skipped.
        skip_silent: Whether to skip tracks that are silent from the beginning to the end.
        workers: Number of threads; None means one per usable core.

    Returns:
        One reading per track, in the same order. A skipped track gives a reading with a reason; it
        does not end the iteration.
    """

    def read(track: Track) -> Reading:
        try:
            samples, mixer = _read(track.path, sample_rate_hz, resampler, track.channel)
        except FpbenchError as err:
            reason: str | None = err.message.removeprefix(f"cannot read {track.path}: ")
            return Reading(track, None, reason, failed=True)
        reason = why_cancelled(mixer.peak, mixer.cancelled_db)
        if reason is None and len(samples) < min_samples:
            have_s, want_s = len(samples) / sample_rate_hz, min_samples / sample_rate_hz
            reason = f"too short: {have_s:.3g} s, {want_s:.3g} s needed"
        if reason is None and skip_silent and are_silent(samples[None])[0]:
            reason = "silent"
        samples_if_used = None if reason else samples
        return Reading(track, samples_if_used, reason, cancelled_db=mixer.cancelled_db)

    return map_ahead(
        read, tracks, workers=workers, size_bytes=lambda track: reading_bytes(track, sample_rate_hz)
    )


def reading_bytes(track: Track, sample_rate_hz: int) -> float:
    """Memory in which a track is read: twice its samples, in pieces and as a whole."""
    return 2 * 4 * sample_rate_hz * _duration_s(track)


def why_cancelled(peak: float, cancelled_db: float) -> str | None:
    """Reason to skip a recording of whose music nothing is left in the mean of its channels.

    Args:
        peak: Largest amplitude in any channel.
        cancelled_db: Level of the mean below the channels.
    """
    if peak <= SILENCE_PEAK or cancelled_db < CANCELLED_DB:
        return None
    below = "silent" if math.isinf(cancelled_db) else f"{cancelled_db:.0f} dB below them"
    return f"its channels cancel: their mean is {below}; set channel to left, right or loudest"


def mono_pieces(
    recording: Recording,
    sample_rate_hz: int,
    resampler: Resampler,
    mixer: ChannelMixer | None = None,
) -> Iterator[Samples]:
    """Decode and resample in pieces, so that ten hours of 48 kHz stereo are never in memory.

    Args:
        recording: An open recording.
        sample_rate_hz: Rate of the samples.
        resampler: As for :func:`read_audio`.
        mixer: Mixes the channels; None takes their mean.

    Raises:
        FpbenchError: The recording is refused, see :func:`checked_blocks`.
        ValueError: The samples or their rate are not those of audio.
    """
    if recording.sample_rate_hz * _LARGEST_UPSAMPLING < sample_rate_hz:
        raise ValueError(f"its header gives a sample rate of {recording.sample_rate_hz} Hz")
    mixer = mixer or ChannelMixer("mean")
    pieces = (mixer.mix(block) for block in checked_blocks(recording))
    if recording.sample_rate_hz == sample_rate_hz:
        yield from pieces
    elif resampler == "sinc-hann":
        arrays = [*pieces, np.zeros(0, dtype=np.float32)]
        yield resample_sinc_hann(np.concatenate(arrays), recording.sample_rate_hz, sample_rate_hz)
    else:
        # A stream of pieces gives the same bytes as one call for the whole recording.
        stream = soxr.ResampleStream(
            recording.sample_rate_hz, sample_rate_hz, 1, dtype="float32", quality="HQ"
        )
        for piece in pieces:
            yield stream.resample_chunk(piece)
        yield stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
