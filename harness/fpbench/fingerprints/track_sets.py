"""The fingerprints of many tracks as one memory map, made once and never twice."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from logging import getLogger
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float64, Int32

from fpbench.audio.reading import audio_hash, read_ahead
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.files import atomic_file, make_folder
from fpbench.fingerprints.embedding import (
    TrackOutcome,
    TrackVectors,
    fingerprint_files,
    fingerprint_readings,
    least_samples,
)
from fpbench.hashing import code_key, content_key
from fpbench.plugin.datasets import Track
from fpbench.plugin.fingerprinters import AnyFingerprinter, Vectors
from fpbench.prefetch import map_ahead
from fpbench.progress import Report
from fpbench.results.document import Skipped

_TRACKS = "tracks"
_SETS = "sets"
_ROWS_AT_ONCE = 1 << 16

logger = getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprintSet:
    """All fingerprints of a list of tracks, in the order of the list.

    Args:
        key: Names the contents: the audio, the fingerprinter and its settings.
        vectors: A read-only memory map.
        track: Which of ``tracks`` each row comes from; never decreases.
        start_s: Where each row's segment starts, in seconds from the start of its track.
        silent: Which rows come from silent segments, and may be zero.
        tracks: The names of all tracks, also of those that were skipped.
        audio_hashes: Of each track's file; None where it cannot be read.
        skipped: The tracks without rows, in order.
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
    report: Report,
) -> FingerprintSet:
    """Open the fingerprints of ``tracks``, making those that are not in the store yet.

    Each track is stored as it is finished, under a hash of its audio, so a killed call goes on
    where it was and a new file costs only itself. Where ``spec.batch_segments`` makes rows depend
    on their neighbours, all tracks are made in one go instead.

    Args:
        store: Where to look and keep.
        fingerprinter: Of either kind.
        name: What errors call it.
        identity: What tells it from others besides its spec: weights, settings, version, dtype.
        tracks: The same audio may occur twice.
        report: Told after each track.

    Returns:
        The set; broken, silent and too-short tracks are listed in it as skipped.

    Raises:
        FpbenchError: The fingerprinter broke a rule, or the store cannot be written.
    """
    spec = fingerprinter.spec
    audio = list(map_ahead(_hash_audio, tracks))
    maker = {"code": code_key(__name__), "fingerprinter": identity, "spec": spec}
    key = content_key(made="set", audio=[one.hash for one in audio], **maker)
    opened = _open_set(store, key, tracks, audio, spec.dim)
    if opened is None:
        outcomes: Iterable[TrackOutcome]
        if spec.batch_segments is not None:
            outcomes = _report_each(fingerprint_files(fingerprinter, name, tracks), tracks, report)
        else:
            keys = [
                one.hash and content_key(made="track", audio=one.hash, **maker) for one in audio
            ]
            wanted = {key: track for key, track in zip(keys, tracks, strict=True) if key}
            _make_missing(store, fingerprinter, name, wanted, report=report)
            outcomes = (
                _read_track(store, key, track) if key else TrackOutcome(track, None, one.problem)
                for key, track, one in zip(keys, tracks, audio, strict=True)
            )
        _write_set(store, key, outcomes)
        opened = _open_set(store, key, tracks, audio, spec.dim)
    if opened is None:
        raise FpbenchError(
            f"fingerprints just written to {store.root} cannot be read back",
            hint="check the disk, or choose another folder with FPBENCH_CACHE",
        )
    return opened


@dataclass(frozen=True, slots=True)
class _AudioFile:
    """A file's hash, or why it has none."""

    hash: str | None
    problem: str | None


def _hash_audio(track: Track) -> _AudioFile:
    try:
        return _AudioFile(audio_hash(track.path), None)
    except FpbenchError as err:
        return _AudioFile(None, err.message.removeprefix(f"cannot read {track.path}: "))


def _make_missing(
    store: Store,
    fingerprinter: AnyFingerprinter,
    name: str,
    wanted: Mapping[str, Track],
    *,
    report: Report,
) -> None:
    """Fingerprint what the store does not have, each track on its own, and keep each at once.

    No batch crosses a track's border here, so that a track's bytes depend on nothing but itself:
    not on its neighbours, and not on what happened to be stored already.
    """
    missing = {key: track for key, track in wanted.items() if store.read(_TRACKS, key) is None}
    spec = fingerprinter.spec
    readings = read_ahead(
        missing.values(),
        spec.sample_rate_hz,
        resampler=spec.resampler,
        min_samples=least_samples(spec),
    )
    for done, (key, reading) in enumerate(zip(missing, readings, strict=True), start=1):
        for outcome in fingerprint_readings(fingerprinter, name, [reading]):
            _write_track(store, key, outcome)
        report(done / len(missing), f"{done} of {len(missing)} tracks")


def _report_each(
    outcomes: Iterable[TrackOutcome], tracks: Sequence[Track], report: Report
) -> Iterator[TrackOutcome]:
    for done, outcome in enumerate(outcomes, start=1):
        yield outcome
        report(done / len(tracks), f"{done} of {len(tracks)} tracks")


def _write_track(store: Store, key: str, outcome: TrackOutcome) -> None:
    arrays = {"problem": np.array(outcome.problem or "")}
    if outcome.found is not None:
        arrays["vectors"] = outcome.found.vectors
        arrays["start_s"] = outcome.found.start_s
        arrays["silent"] = outcome.found.silent
    # Not durable: should a power cut damage it, the checksum tells and it is made again.
    store.write(_TRACKS, key, arrays, durable=False)


def _read_track(store: Store, key: str, track: Track) -> TrackOutcome:
    arrays = store.read(_TRACKS, key)
    if arrays is None:
        raise FpbenchError(
            f"the fingerprints of {track.name} have vanished from {store.root}",
            hint="run the same command again; it makes only what is missing",
        )
    problem = str(arrays["problem"]) or None
    if problem is not None:
        return TrackOutcome(track, None, problem)
    found = TrackVectors(arrays["vectors"], arrays["start_s"], arrays["silent"])
    return TrackOutcome(track, found, None)


def _write_set(store: Store, key: str, outcomes: Iterable[TrackOutcome]) -> None:
    """Vectors first, then the table: a set without a table is not there."""
    path = store.path(_SETS, key, ".f32")
    make_folder(path.parent)
    rows, problems = [], []
    start_s, silent = [np.zeros(0)], [np.zeros(0, dtype=bool)]
    digest = _new_digest()
    with atomic_file(path) as file:
        for outcome in outcomes:
            problems.append(outcome.problem or "")
            found = outcome.found
            rows.append(0 if found is None else len(found.vectors))
            if found is not None:
                content = found.vectors.tobytes()
                file.write(content)
                digest.update(content)
                start_s.append(found.start_s)
                silent.append(found.silent)
    table = {
        "rows": np.array(rows, dtype=np.int64),
        "problems": np.array(problems, dtype=np.str_),
        "start_s": np.concatenate(start_s),
        "silent": np.concatenate(silent),
        "digest": np.array(digest.hexdigest()),
    }
    store.write(_SETS, key, table)


def _open_set(
    store: Store, key: str, tracks: Sequence[Track], audio: Sequence[_AudioFile], dim: int
) -> FingerprintSet | None:
    """The stored set; None if it is not there, or not as it was written."""
    table = store.read(_SETS, key)
    if table is None:
        return None
    vectors = _map_vectors(store.path(_SETS, key, ".f32"), int(table["rows"].sum()), dim)
    if vectors is None or _digest_of(vectors) != str(table["digest"]):
        logger.warning("stored fingerprints %s are damaged and are made again", key)
        return None
    problems = zip(tracks, table["problems"].tolist(), strict=True)
    return FingerprintSet(
        key=key,
        vectors=vectors,
        track=np.repeat(np.arange(len(tracks), dtype=np.int32), table["rows"]),
        start_s=table["start_s"],
        silent=table["silent"],
        tracks=tuple(track.name for track in tracks),
        audio_hashes=tuple(one.hash for one in audio),
        skipped=tuple(Skipped(track=track.name, reason=why) for track, why in problems if why),
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
