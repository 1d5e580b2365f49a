"""Fingerprints of many tracks as one memory map, cached track by track."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from logging import getLogger
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float64, Int32

from fpbench.audio.reading import Reading, read_ahead, why_changed
from fpbench.audio.survey import Survey, Surveys
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.files import atomic_file, make_folder
from fpbench.fingerprints.embedding import (
    TrackOutcome,
    TrackVectors,
    fingerprint_readings,
    min_samples,
)
from fpbench.hashing import code_key, content_key
from fpbench.plugin.datasets import Track
from fpbench.plugin.fingerprinters import AnyFingerprinter, FingerprintSpec, Vectors
from fpbench.progress import Report
from fpbench.results.data import Skipped

_TRACKS = "tracks"
_SETS = "sets"
_ROWS_AT_ONCE = 1 << 16

logger = getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprintSet:
    """All fingerprints of a list of tracks, in the order of the list.

    Args:
        key: Hash of the audio, the fingerprinter and its settings.
        vectors: Fingerprints, as a read-only memory map.
        track: Index of each row's track in ``tracks``; never decreases.
        start_s: Start time of each row's segment in its track.
        silent: Whether each row comes from a silent segment, so that it may be zero.
        tracks: Names of all tracks, also of skipped tracks.
        audio_hashes: Hash of each track's audio; None if its file cannot be read.
        skipped: Tracks without rows, in order.
    """

    key: str
    vectors: Vectors = field(repr=False)
    track: Int32[np.ndarray, " batch"] = field(repr=False)
    start_s: Float64[np.ndarray, " batch"] = field(repr=False)
    silent: Bool[np.ndarray, " batch"] = field(repr=False)
    tracks: tuple[str, ...] = field(repr=False)
    audio_hashes: tuple[str | None, ...] = field(repr=False)
    skipped: tuple[Skipped, ...] = ()


@runtime_checkable
class TrackWorkers(Protocol):
    """Fingerprint tracks elsewhere, such as on other machines."""

    def fingerprint(self, tracks: Sequence[Track], surveys: Surveys) -> Iterator[TrackOutcome]:
        """The outcomes of some tracks, in any order, as :func:`fingerprint_each` has them.

        Tracks may be left out: they are fingerprinted here.

        Args:
            tracks: Tracks that can be read here.
            surveys: Surveys of the tracks.
        """
        ...


def build_fingerprint_set(
    store: Store,
    fingerprinter: AnyFingerprinter,
    name: str,
    identity: Mapping[str, object],
    tracks: Sequence[Track],
    *,
    surveys: Surveys,
    report: Report,
    workers: TrackWorkers | None = None,
) -> FingerprintSet:
    """Load the fingerprints of ``tracks``, and make those that are not in the store.

    Each track is stored as soon as it is finished, under a hash of its decoded audio. A killed run
    resumes after the last track, and a new file adds only its own cost. A track that cannot be read
    is tried again every time. If ``spec.batch_segments`` makes rows depend on other rows of the
    batch, all tracks are made in one pass instead.

    Args:
        store: Store to read from and write to.
        fingerprinter: Segment-wise or track-wise.
        name: Name of the fingerprinter in errors.
        identity: Everything besides the spec that shapes its fingerprints: weights, settings,
            version, dtype.
        tracks: Tracks to fingerprint. The same audio may occur twice.
        surveys: Surveys of the tracks.
        report: Called after each track.
        workers: Fingerprint tracks that are not in the store, unless rows depend on their batch.

    Returns:
        The set. Its ``skipped`` lists unreadable, silent and short tracks.

    Raises:
        FpbenchError: The fingerprinter breaks a rule, or the store cannot be written.
    """
    spec = fingerprinter.spec
    audio = [surveys[track] for track in tracks]
    key = _set_key(audio, identity, spec)
    fingerprints = _open_set(store, key, tracks, audio, spec.dim)
    if fingerprints is None:
        outcomes: Iterable[TrackOutcome]
        if spec.batch_segments is not None:
            readable = [track for track, one in zip(tracks, audio, strict=True) if one.digest]
            readings = _read_unchanged(readable, spec, _hashes(readable, surveys))
            made = fingerprint_readings(fingerprinter, name, readings)
            made = _report_each(made, readable, report)
            outcomes = _with_unreadable(made, tracks, audio)
        else:
            failed = make_missing_tracks(
                store,
                fingerprinter,
                name,
                identity,
                tracks,
                surveys=surveys,
                report=report,
                workers=workers,
            )
            keys = [_track_key(one, identity, spec) for one in audio]
            found = (
                failed[key] if key in failed else _read_track(store, key, track)
                for key, track in zip(keys, tracks, strict=True)
                if key is not None
            )
            outcomes = _with_unreadable(found, tracks, audio)
        _write_set(store, key, outcomes)
        fingerprints = _open_set(store, key, tracks, audio, spec.dim, just_written=True)
    if fingerprints is None:
        raise FpbenchError(
            f"cannot read back the fingerprints just written to {store.root}",
            hint="check the disk, or choose another folder with --cache or $FPBENCH_CACHE",
        )
    return fingerprints


def find_cached(
    store: Store,
    identity: Mapping[str, object],
    spec: FingerprintSpec,
    tracks: Sequence[Track],
    surveys: Surveys,
) -> list[bool]:
    """Which tracks a set would not make again; one without a survey counts as missing."""
    audio = [surveys.get(track) for track in tracks]
    if spec.batch_segments is not None:
        if None in audio:
            return [False] * len(tracks)
        path = store.path(_SETS, _set_key([one for one in audio if one], identity, spec), ".npz")
        return [path.exists() and store.counts(path)] * len(tracks)
    keys = [one and _track_key(one, identity, spec) for one in audio]
    paths = [store.path(_TRACKS, key, ".npz") if key else None for key in keys]
    return [
        one is not None and (path is None or (path.exists() and store.counts(path)))
        for one, path in zip(audio, paths, strict=True)
    ]


def cached_track(
    store: Store,
    identity: Mapping[str, object],
    spec: FingerprintSpec,
    track: Track,
    surveys: Surveys,
) -> TrackOutcome | None:
    """The outcome of a track that the store holds; None if it holds none."""
    key = _track_key(surveys[track], identity, spec)
    if key is None or not store.path(_TRACKS, key, ".npz").exists():
        return None
    arrays = store.read(_TRACKS, key)
    return None if arrays is None else _outcome(arrays, track)


def cached_set(
    store: Store,
    identity: Mapping[str, object],
    spec: FingerprintSpec,
    tracks: Sequence[Track],
    surveys: Surveys,
) -> FingerprintSet | None:
    """The set of these tracks that the store holds; None if it holds none."""
    audio = [surveys[track] for track in tracks]
    return _open_set(store, _set_key(audio, identity, spec), tracks, audio, spec.dim)


def _set_key(audio: Sequence[Survey], identity: Mapping[str, object], spec: FingerprintSpec) -> str:
    return _key("set", [one.digest for one in audio], identity, spec)


def _track_key(audio: Survey, identity: Mapping[str, object], spec: FingerprintSpec) -> str | None:
    """Key of a track's fingerprints; None if it cannot be read."""
    return audio.digest and _key("track", audio.digest, identity, spec)


def _key(
    kind: str,
    audio: str | Sequence[str | None],
    identity: Mapping[str, object],
    spec: FingerprintSpec,
) -> str:
    code = code_key(__name__)
    return content_key(kind=kind, audio=audio, code=code, fingerprinter=identity, spec=spec)


def make_missing_tracks(
    store: Store,
    fingerprinter: AnyFingerprinter,
    name: str,
    identity: Mapping[str, object],
    tracks: Sequence[Track],
    *,
    surveys: Surveys,
    report: Report,
    workers: TrackWorkers | None = None,
) -> dict[str, TrackOutcome]:
    """Fingerprint the tracks that are not in the store, and store each as soon as it is finished.

    Args:
        store: As for :func:`build_fingerprint_set`; the same for the others.

    Returns:
        Outcomes of tracks that could not be read, by their keys: they are not stored.

    Raises:
        FpbenchError: The fingerprinter breaks a rule, or the store cannot be written.
    """
    wanted = {_track_key(surveys[track], identity, fingerprinter.spec): track for track in tracks}
    missing = {
        track: key for key, track in wanted.items() if key and store.read(_TRACKS, key) is None
    }
    failed: dict[str, TrackOutcome] = {}
    outcomes = _fingerprint_anywhere(fingerprinter, name, list(missing), surveys, workers)
    for done, outcome in enumerate(outcomes, start=1):
        if outcome.failed:
            failed[missing[outcome.track]] = outcome
        else:
            _write_track(store, missing[outcome.track], outcome)
        report(done / len(missing), f"{done} of {len(missing)} tracks")
    return failed


def _fingerprint_anywhere(
    fingerprinter: AnyFingerprinter,
    name: str,
    tracks: Sequence[Track],
    surveys: Surveys,
    workers: TrackWorkers | None,
) -> Iterator[TrackOutcome]:
    """Outcomes from workers, and then those of the tracks that they have left out."""
    left = dict.fromkeys(tracks)
    if workers is not None and tracks:
        for outcome in workers.fingerprint(tracks, surveys):
            del left[outcome.track]
            yield outcome
    yield from fingerprint_each(fingerprinter, name, _hashes(left, surveys))


def fingerprint_each(
    fingerprinter: AnyFingerprinter, name: str, tracks: Mapping[Track, str | None]
) -> Iterator[TrackOutcome]:
    """Fingerprint tracks one by one.

    A batch holds segments of one track only, so the bytes of a track do not depend on other tracks
    or on the state of a store.

    Args:
        fingerprinter: Segment-wise or track-wise.
        name: Name of the fingerprinter in errors.
        tracks: Tracks, each with the hash of its audio when it was surveyed.

    Returns:
        One outcome per track, in order; one that has changed since its survey has failed.

    Raises:
        FpbenchError: The fingerprinter breaks a rule.
    """
    for reading in _read_unchanged(tracks, fingerprinter.spec, tracks):
        yield from fingerprint_readings(fingerprinter, name, [reading])


def _hashes(tracks: Iterable[Track], surveys: Surveys) -> dict[Track, str | None]:
    """The hash of each track's audio when it was surveyed."""
    return {track: surveys[track].audio_hash for track in tracks}


def _read_unchanged(
    tracks: Iterable[Track], spec: FingerprintSpec, hashes: Mapping[Track, str | None]
) -> Iterator[Reading]:
    """Read tracks; one that has changed is not fingerprinted under the hash of its survey."""
    readings = read_ahead(
        tracks, spec.sample_rate_hz, resampler=spec.resampler, min_samples=min_samples(spec)
    )
    for reading in readings:
        reason = why_changed(reading.track, hashes[reading.track])
        if reason is None or reading.failed:
            yield reading
        else:
            yield Reading(reading.track, None, reason, failed=True)


def _with_unreadable(
    outcomes: Iterable[TrackOutcome], tracks: Sequence[Track], audio: Sequence[Survey]
) -> Iterator[TrackOutcome]:
    """One outcome for each track, from those of the tracks that can be read."""
    readable = iter(outcomes)
    for track, one in zip(tracks, audio, strict=True):
        unreadable = one.digest is None
        yield TrackOutcome(track, None, one.reason, failed=True) if unreadable else next(readable)


def _report_each(
    outcomes: Iterable[TrackOutcome], tracks: Sequence[Track], report: Report
) -> Iterator[TrackOutcome]:
    for done, outcome in enumerate(outcomes, start=1):
        yield outcome
        report(done / len(tracks), f"{done} of {len(tracks)} tracks")


def _write_track(store: Store, key: str, outcome: TrackOutcome) -> None:
    arrays = {"problem": np.array(outcome.reason or "")}
    if outcome.fingerprints is not None:
        arrays["vectors"] = outcome.fingerprints.vectors
        arrays["start_s"] = outcome.fingerprints.start_s
        arrays["silent"] = outcome.fingerprints.silent
    # Not durable: a file that a power failure damages fails its checksum and is made again.
    store.write(_TRACKS, key, arrays, durable=False)


def _read_track(store: Store, key: str, track: Track) -> TrackOutcome:
    arrays = store.read(_TRACKS, key)
    if arrays is None:
        raise FpbenchError(
            f"the fingerprints of {track.name} have disappeared from the cache {store.root}",
            hint="run the same command again; it makes only missing fingerprints",
        )
    return _outcome(arrays, track)


def _outcome(arrays: Mapping[str, np.ndarray], track: Track) -> TrackOutcome:
    reason = str(arrays["problem"]) or None
    if reason is not None:
        return TrackOutcome(track, None, reason)
    fingerprints = TrackVectors(arrays["vectors"], arrays["start_s"], arrays["silent"])
    return TrackOutcome(track, fingerprints, None)


def _write_set(store: Store, key: str, outcomes: Iterable[TrackOutcome]) -> None:
    """Write the vectors, then the table: without its table, a set does not count as stored."""
    path = store.path(_SETS, key, ".f32")
    make_folder(path.parent)
    rows, reasons, failed = [], [], []
    start_s, silent = [np.zeros(0)], [np.zeros(0, dtype=bool)]
    digest = _new_digest()
    with atomic_file(path) as file:
        for outcome in outcomes:
            reasons.append(outcome.reason or "")
            failed.append(outcome.failed)
            fingerprints = outcome.fingerprints
            rows.append(0 if fingerprints is None else len(fingerprints.vectors))
            if fingerprints is not None:
                content = fingerprints.vectors.tobytes()
                file.write(content)
                digest.update(content)
                start_s.append(fingerprints.start_s)
                silent.append(fingerprints.silent)
    table = {
        "rows": np.array(rows, dtype=np.int64),
        "problems": np.array(reasons, dtype=np.str_),
        "failed": np.array(failed, dtype=bool),
        "start_s": np.concatenate(start_s),
        "silent": np.concatenate(silent),
        "digest": np.array(digest.hexdigest()),
    }
    store.write(_SETS, key, table)


def _open_set(
    store: Store,
    key: str,
    tracks: Sequence[Track],
    audio: Sequence[Survey],
    dim: int,
    *,
    just_written: bool = False,
) -> FingerprintSet | None:
    """The stored set; None if it is missing or damaged.

    A set that lacks a track whose survey could be made, but which could not be read after it,
    counts only in the run that has written it.
    """
    table = store.read(_SETS, key)
    if table is None:
        return None
    lacking = [at for at in np.flatnonzero(table["failed"]).tolist() if audio[at].digest]
    if lacking and not just_written:
        return None
    vectors = _map_vectors(store.path(_SETS, key, ".f32"), int(table["rows"].sum()), dim)
    if vectors is None or _digest_of(vectors) != str(table["digest"]):
        logger.warning("the fingerprints %s in the cache are damaged and will be made again", key)
        return None
    problems = zip(tracks, audio, table["problems"].tolist(), strict=True)
    reasons = [(track, one.reason or problem) for track, one, problem in problems]
    return FingerprintSet(
        key=content_key(set=key, lacking=lacking) if lacking else key,
        vectors=vectors,
        track=np.repeat(np.arange(len(tracks), dtype=np.int32), table["rows"]),
        start_s=table["start_s"],
        silent=table["silent"],
        tracks=tuple(track.name for track in tracks),
        audio_hashes=tuple(one.audio_hash for one in audio),
        skipped=tuple(Skipped(track=track.name, reason=text) for track, text in reasons if text),
    )


def _map_vectors(path: Path, rows: int, dim: int) -> Vectors | None:
    if not path.is_file() or path.stat().st_size != 4 * rows * dim:
        return None
    if rows == 0:
        return np.zeros((0, dim), dtype=np.float32)
    return np.memmap(path, dtype=np.float32, mode="r", shape=(rows, dim))


def _digest_of(vectors: Vectors) -> str:
    digest = _new_digest()
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        digest.update(vectors[start : start + _ROWS_AT_ONCE].data)
    return digest.hexdigest()


def _new_digest() -> "hashlib.blake2b":
    return hashlib.blake2b(digest_size=16)
