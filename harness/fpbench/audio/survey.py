"""Decodes every recording of a run once, before anything is drawn, and keeps what that shows."""

import hashlib
import itertools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Bool, Float32, Float64

from fpbench.audio.channels import CANCELLED_DB, WEAK_DB, ChannelMixer, channel_energies
from fpbench.audio.decoding import decoders, open_recording
from fpbench.audio.reading import (
    checked_blocks,
    durations_s,
    refusal,
    track_hash,
    why_cancelled,
)
from fpbench.audio.silence import SILENCE_PEAK, are_silent
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.hashing import code_key, content_key
from fpbench.plugin.datasets import Track
from fpbench.prefetch import map_ahead
from fpbench.progress import Report

SHORTEST_SILENCE_S = 0.2

_STEP_S = 0.01  # silence is measured in steps of it
_BATCH = 256  # recordings in one file of the cache
_BATCH_S = 20.0  # what a killed run may lose


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What one decoding pass over a recording shows.

    What is said of the signal is said of the one that is taken of several channels.

    Args:
        audio_hash: From :func:`fpbench.audio.reading.track_hash`; None if the file cannot be read.
        reason: Why the recording cannot be read, without its name; then the rest is empty.
        digest: Hash of the decoded samples and their rate. Recordings with equal digests are the
            same audio, whatever their containers and tags.
        decoder: Name and version of what decoded it.
        sample_rate_hz: Its own sample rate.
        channels: Number of channels.
        frames: Samples per channel that were decoded.
        peak: Largest absolute sample of any channel.
        cancelled_db: Level of the signal below the channels, see :class:`ChannelMixer`.
        silent_s: Start and end, in seconds, of the stretches in which the signal is silent, see
            :func:`fpbench.audio.silence.are_silent`, in order. Those shorter than
            :data:`SHORTEST_SILENCE_S` are left out; the others may be up to 0.01 s longer at each
            end.
    """

    audio_hash: str | None = None
    reason: str | None = None
    digest: str | None = None
    decoder: str = ""
    sample_rate_hz: int = 0
    channels: int = 0
    frames: int = 0
    peak: float = 0.0
    cancelled_db: float = 0.0
    silent_s: tuple[tuple[float, float], ...] = ()

    @property
    def duration_s(self) -> float:
        """Length as decoded; 0 for a recording that cannot be read."""
        return self.frames / self.sample_rate_hz if self.sample_rate_hz else 0.0

    @property
    def silent(self) -> bool:
        """Whether the signal is silent from the beginning to the end."""
        # A recording may be shorter than the shortest stretch.
        whole = self.peak <= SILENCE_PEAK or self.silent_s == ((0.0, self.duration_s),)
        return self.reason is None and whole

    @property
    def why_unusable(self) -> str | None:
        """Why there is nothing to hear; None if there is."""
        cancelled = why_cancelled(self.peak, self.cancelled_db)
        return self.reason or cancelled or ("silent" if self.silent else None)

    @property
    def channels_nearly_cancel(self) -> bool:
        """Whether much of what is in the channels is missing in their mean, but not all."""
        return self.why_unusable is None and WEAK_DB <= self.cancelled_db < CANCELLED_DB


Surveys = Mapping[Track, Survey]


def survey_recordings(
    store: Store | None, tracks: Iterable[Track], report: Report, *, workers: int | None = None
) -> Surveys:
    """Survey recordings in threads; those that the store holds are not decoded again.

    A recording is known by its bytes. An interrupted survey goes on where it stopped. What could
    not be read is tried again every time: a disk recovers, and a library is replaced.

    Args:
        store: None keeps nothing.
        tracks: The recordings.
        report: Called after each file, because all files are read.
        workers: Number of threads; None means one per usable core.
    """
    wanted = list(dict.fromkeys(tracks))
    known = _read_batches(store) if store else {}
    surveys: dict[Track, Survey] = {}
    unsaved: list[Survey] = []
    saved_at = time.perf_counter()
    made = map_ahead(lambda track: _find_or_make(known, track), wanted, workers=workers)
    try:
        for track, survey in zip(wanted, made, strict=True):
            surveys[track] = survey
            if survey.reason is None and survey.audio_hash not in known:
                unsaved.append(survey)
            if len(unsaved) >= _BATCH or time.perf_counter() > saved_at + _BATCH_S:
                _write_batch(store, unsaved)
                unsaved, saved_at = [], time.perf_counter()
            report(len(surveys) / len(wanted), f"{len(surveys)} of {len(wanted)} files")
    finally:
        _write_batch(store, unsaved)
    return surveys


def known_surveys(store: Store, tracks: Iterable[Track]) -> Surveys:
    """The surveys that the store holds; all files are read, but none is decoded."""
    wanted = list(dict.fromkeys(tracks))
    known = _read_batches(store)
    digests = map_ahead(_hash_or_none, wanted)
    return {
        track: known[digest]
        for track, digest in zip(wanted, digests, strict=True)
        if digest is not None and digest in known
    }


def decoded_durations_s(
    surveys: Surveys, tracks: Sequence[Track]
) -> Float64[np.ndarray, " tracks"]:
    """Durations as decoded, 0 for a track that cannot be read; of others those in the headers."""
    in_headers = iter(durations_s([one for one in tracks if one not in surveys]).tolist())
    return np.array(
        [surveys[one].duration_s if one in surveys else next(in_headers) for one in tracks],
        dtype=np.float64,
    )


def survey_track(track: Track) -> Survey:
    """Decode a recording once, in blocks, so that hours of it are never in memory.

    Raises:
        FpbenchError: The recording cannot be read or is damaged.
    """
    with open_recording(track.path) as recording:
        rate_hz, channels = recording.sample_rate_hz, recording.channels
        digests = [hashlib.blake2b(digest_size=16) for _ in range(channels)]
        # The loudest channel is known at the end; until then, each of them may be the signal.
        loudest = track.channel == "loudest"
        mixer = ChannelMixer("mean" if loudest else track.channel)
        silences = [_SilenceFinder(rate_hz) for _ in range(channels if loudest else 1)]
        energies, frames = np.zeros(channels), 0
        try:
            for block in checked_blocks(recording):
                mix = mixer.mix(block)
                # Adding zero turns -0.0 into 0.0, which are the same sample.
                planes = np.add(block.T, np.float32(0), order="C")
                for digest, plane in zip(digests, planes, strict=True):
                    digest.update(plane.data)
                for silence, signal in zip(silences, planes if loudest else [mix], strict=True):
                    silence.add(signal)
                energies += channel_energies(block) if loudest else 0.0
                frames += len(block)
        except ValueError as err:
            raise refusal(track.path, str(err)) from err
        decoder = recording.decoder
    hashes = [digest.hexdigest() for digest in digests]
    at = int(np.argmax(energies))
    if track.channel != "mean":
        hashes = [hashes[{"left": 0, "right": min(1, channels - 1), "loudest": at}[track.channel]]]
    return Survey(
        digest=_combine(rate_hz, frames, hashes),
        decoder=decoder,
        sample_rate_hz=rate_hz,
        channels=channels,
        frames=frames,
        peak=mixer.peak,
        cancelled_db=0.0 if loudest else mixer.cancelled_db,
        silent_s=silences[at if loudest else 0].stretches(),
    )


def _combine(sample_rate_hz: int, frames: int, channels: Sequence[str]) -> str:
    """Hash of the decoded samples; equal channels count as one."""
    different = channels[:1] if len(set(channels)) == 1 else channels
    return content_key(sample_rate_hz=sample_rate_hz, frames=frames, channels=different)


class _SilenceFinder:
    """Finds silent stretches in a recording that comes in blocks."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate_hz = sample_rate_hz
        self._step = max(1, round(_STEP_S * sample_rate_hz))
        self._rest = np.zeros(0, dtype=np.float32)
        self._silent: list[Bool[np.ndarray, " steps"]] = []
        self._samples = 0

    def add(self, mix: Float32[np.ndarray, " samples"]) -> None:
        self._samples += len(mix)
        waiting = np.concatenate([self._rest, mix]) if len(self._rest) else mix
        whole = len(waiting) // self._step * self._step
        self._note(waiting[:whole].reshape(-1, self._step))
        self._rest = waiting[whole:].copy()

    def stretches(self) -> tuple[tuple[float, float], ...]:
        """Silent stretches of the whole recording, in seconds; nothing can be added after it."""
        if len(self._rest):
            self._note(self._rest[None])
        silent = np.concatenate([[False], *self._silent, [False]])
        borders = np.flatnonzero(np.diff(silent)) * self._step
        times_s = np.minimum(borders, self._samples) / self._rate_hz
        return tuple(
            (start, end)
            for start, end in times_s.reshape(-1, 2).tolist()
            if end - start >= SHORTEST_SILENCE_S
        )

    def _note(self, frames: Float32[np.ndarray, "steps samples"]) -> None:
        if len(frames):
            self._silent.append(are_silent(frames))


# ---------------------------------------------------------------- cache


def _find_or_make(known: Mapping[str, Survey], track: Track) -> Survey:
    audio_hash = None
    try:
        audio_hash = track_hash(track)
        return known.get(audio_hash) or replace(survey_track(track), audio_hash=audio_hash)
    except FpbenchError as err:
        reason = err.message.removeprefix(f"cannot read {track.path}: ")
        return Survey(audio_hash=audio_hash, reason=reason)


def _hash_or_none(track: Track) -> str | None:
    try:
        return track_hash(track)
    except FpbenchError:
        return None


def _kind() -> str:
    """Folder of the batches in the store; another version of the code has another one."""
    return f"surveys/{code_key(__name__)[:16]}"


def _read_batches(store: Store) -> dict[str, Survey]:
    """All surveys in the store by the hash of their files, made by the decoders of today."""
    current, surveys = decoders(), {}
    for key in store.keys(_kind()):
        for survey in _unpack(store.read(_kind(), key) or {}):
            if survey.audio_hash is not None and survey.decoder in current:
                surveys[survey.audio_hash] = survey
    return surveys


def _write_batch(store: Store | None, surveys: Sequence[Survey]) -> None:
    if store is not None and surveys:
        # Not durable: a file that a power failure damages fails its checksum and is made again.
        key = content_key(made_of=[(one.audio_hash, one.decoder) for one in surveys])
        store.write(_kind(), key, _pack(surveys), durable=False)


_COLUMNS = [one.name for one in fields(Survey) if one.name not in ("reason", "silent_s")]


def _pack(rows: Sequence[Survey]) -> dict[str, np.ndarray]:
    """Columns of a table; the silent stretches of all rows follow each other."""
    arrays = {name: np.array([getattr(row, name) for row in rows]) for name in _COLUMNS}
    arrays["silences"] = np.array([len(row.silent_s) for row in rows])
    arrays["silent_s"] = np.array([one for row in rows for one in row.silent_s]).reshape(-1, 2)
    return arrays


def _unpack(arrays: Mapping[str, np.ndarray]) -> Iterator[Survey]:
    """The rows of a table; none of an empty one."""
    if not arrays:
        return
    silent_s = iter(arrays["silent_s"].tolist())
    columns = [arrays[name].tolist() for name in ("silences", *_COLUMNS)]
    for silences, *values in zip(*columns, strict=True):
        survey = Survey(**dict(zip(_COLUMNS, values, strict=True)))
        stretches = tuple((start, end) for start, end in itertools.islice(silent_s, silences))
        yield replace(survey, silent_s=stretches)
