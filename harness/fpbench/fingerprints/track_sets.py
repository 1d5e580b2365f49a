"""Fingerprints of many tracks as one memory map, kept in the cache."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from logging import getLogger
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float64, Int32

from fpbench.audio.survey import Survey, Surveys
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.files import atomic_file, make_folder
from fpbench.fingerprints.cached_tracks import (
    TrackWorkers,
    fingerprint_with_cache,
    is_cached,
    read_unchanged,
)
from fpbench.fingerprints.embedding import TrackOutcome, fingerprint_readings
from fpbench.hashing import code_key, content_key
from fpbench.plugin.datasets import Track
from fpbench.plugin.fingerprinters import AnyFingerprinter, FingerprintSpec, Vectors
from fpbench.progress import Report
from fpbench.results.data import Skipped

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
        readable = [track for track, one in zip(tracks, audio, strict=True) if one.digest]
        if spec.batch_segments is not None:
            outcomes = _fingerprint_in_one_pass(fingerprinter, name, readable, surveys, report)
        else:
            outcomes = fingerprint_with_cache(
                store,
                fingerprinter,
                name,
                identity,
                readable,
                surveys=surveys,
                report=report,
                workers=workers,
            )
        _write_set(store, key, _with_unreadable(outcomes, tracks, audio))
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
    """Which tracks a set would not make again; one without a survey counts as missing.

    Args:
        store: The cache.
        identity: Everything that shapes what the fingerprinter gives.
        spec: Spec of the fingerprinter.
        tracks: Tracks of the set, in their order.
        surveys: Surveys of those that were decoded.
    """
    audio = [surveys.get(track) for track in tracks]
    if spec.batch_segments is not None:
        if None in audio:
            return [False] * len(tracks)
        path = store.path(_SETS, _set_key([one for one in audio if one], identity, spec), ".npz")
        return [path.exists() and store.counts(path)] * len(tracks)
    return [one is not None and is_cached(store, identity, spec, one) for one in audio]


def cached_set(
    store: Store,
    identity: Mapping[str, object],
    spec: FingerprintSpec,
    tracks: Sequence[Track],
    surveys: Surveys,
) -> FingerprintSet | None:
    """The set of these tracks that the store holds; None if it holds none.

    Args:
        store: The cache.
        identity: Everything that shapes what the fingerprinter gives.
        spec: Spec of the fingerprinter.
        tracks: Tracks of the set, in their order.
        surveys: Surveys of all of them.
    """
    audio = [surveys[track] for track in tracks]
    return _open_set(store, _set_key(audio, identity, spec), tracks, audio, spec.dim)


def _set_key(audio: Sequence[Survey], identity: Mapping[str, object], spec: FingerprintSpec) -> str:
    return content_key(
        kind="set",
        audio=[one.digest for one in audio],
        code=code_key(__name__),
        fingerprinter=identity,
        spec=spec,
    )


def _fingerprint_in_one_pass(
    fingerprinter: AnyFingerprinter,
    name: str,
    tracks: Sequence[Track],
    surveys: Surveys,
    report: Report,
) -> Iterator[TrackOutcome]:
    """The outcomes of tracks whose segments share batches."""
    hashes = {track: surveys[track].audio_hash for track in tracks}
    readings = read_unchanged(hashes, fingerprinter.spec)
    outcomes = fingerprint_readings(fingerprinter, name, readings)
    for done, outcome in enumerate(outcomes, start=1):
        yield outcome
        report(done / len(tracks), f"{done} of {len(tracks)} tracks")


def _with_unreadable(
    outcomes: Iterable[TrackOutcome], tracks: Sequence[Track], audio: Sequence[Survey]
) -> Iterator[TrackOutcome]:
    """One outcome for each track, from those of the tracks that can be read."""
    readable = iter(outcomes)
    for track, one in zip(tracks, audio, strict=True):
        unreadable = one.digest is None
        yield TrackOutcome(track, None, one.reason, failed=True) if unreadable else next(readable)


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
