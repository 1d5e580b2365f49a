"""Fingerprints of single tracks, each kept in the cache as soon as it is made."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from fpbench.audio.reading import Reading, read_ahead, why_changed
from fpbench.audio.survey import Survey, Surveys
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.fingerprints.embedding import (
    TrackOutcome,
    TrackVectors,
    fingerprint_readings,
    min_samples,
)
from fpbench.hashing import code_key, content_key
from fpbench.plugin.datasets import Track
from fpbench.plugin.fingerprinters import AnyFingerprinter, FingerprintSpec
from fpbench.progress import Report

_TRACKS = "tracks"


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


def fingerprint_with_cache(
    store: Store,
    fingerprinter: AnyFingerprinter,
    name: str,
    identity: Mapping[str, object],
    tracks: Sequence[Track],
    *,
    surveys: Surveys,
    report: Report,
    workers: TrackWorkers | None = None,
) -> Iterator[TrackOutcome]:
    """The outcomes of tracks, after :func:`make_missing_tracks`.

    Args:
        store: Store to read from and write to.
        fingerprinter: Segment-wise or track-wise.
        name: Name of the fingerprinter in errors.
        identity: Everything besides the spec that shapes its fingerprints: weights, settings,
            version, dtype.
        tracks: Tracks to fingerprint, without those that no survey could read. The same audio may
            occur twice.
        surveys: Surveys of the tracks.
        report: Called after each track.
        workers: Fingerprint tracks that are not in the store.

    Returns:
        One outcome per track, in order, read from the store one by one.

    Raises:
        FpbenchError: The fingerprinter breaks a rule, or the store cannot be written.
    """
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
    keys = [_track_key(surveys[track], identity, fingerprinter.spec) for track in tracks]
    return (
        failed[key] if key in failed else _read_track(store, key, track)
        for key, track in zip(keys, tracks, strict=True)
        if key is not None
    )


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
        store: As for :func:`fingerprint_with_cache`; the same for the others.

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


def cached_track(
    store: Store,
    identity: Mapping[str, object],
    spec: FingerprintSpec,
    track: Track,
    surveys: Surveys,
) -> TrackOutcome | None:
    """The outcome of a track that the store holds; None if it holds none.

    Args:
        store: The cache.
        identity: Everything that shapes what the fingerprinter gives.
        spec: Spec of the fingerprinter.
        track: The track, which must have been surveyed.
        surveys: Surveys by track.
    """
    key = _track_key(surveys[track], identity, spec)
    if key is None or not store.path(_TRACKS, key, ".npz").exists():
        return None
    arrays = store.read(_TRACKS, key)
    return None if arrays is None else _outcome(arrays, track)


def is_cached(
    store: Store, identity: Mapping[str, object], spec: FingerprintSpec, audio: Survey
) -> bool:
    """Whether a track would not be made again; one that cannot be read is never made."""
    key = _track_key(audio, identity, spec)
    path = store.path(_TRACKS, key, ".npz") if key else None
    return path is None or (path.exists() and store.counts(path))


def _track_key(audio: Survey, identity: Mapping[str, object], spec: FingerprintSpec) -> str | None:
    """Key of a track's fingerprints; None if it cannot be read."""
    return audio.digest and content_key(
        kind="track",
        audio=audio.digest,
        code=code_key(__name__),
        fingerprinter=identity,
        spec=spec,
    )


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
    hashes = {track: surveys[track].audio_hash for track in left}
    yield from fingerprint_each(fingerprinter, name, hashes)


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
    for reading in read_unchanged(tracks, fingerprinter.spec):
        yield from fingerprint_readings(fingerprinter, name, [reading])


def read_unchanged(tracks: Mapping[Track, str | None], spec: FingerprintSpec) -> Iterator[Reading]:
    """Read tracks; one that has changed is not fingerprinted under the hash of its survey.

    Args:
        tracks: Tracks, each with the hash of its audio when it was surveyed.
        spec: Decides the sample rate and the smallest length.
    """
    readings = read_ahead(
        tracks, spec.sample_rate_hz, resampler=spec.resampler, min_samples=min_samples(spec)
    )
    for reading in readings:
        reason = why_changed(reading.track, tracks[reading.track])
        if reason is None or reading.failed:
            yield reading
        else:
            yield Reading(reading.track, None, reason, failed=True)


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
