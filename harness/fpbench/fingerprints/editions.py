"""Notices fingerprints in the cache that a system no longer makes, and lets all be made again."""

import itertools
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float32

from fpbench.audio.reading import read_ahead
from fpbench.audio.survey import Surveys, decoded_durations_s
from fpbench.cache import Store
from fpbench.fingerprints.cached_tracks import cached_track
from fpbench.fingerprints.embedding import (
    BATCH_SEGMENTS,
    fingerprint_files,
    fingerprint_tracks,
    min_samples,
)
from fpbench.fingerprints.track_sets import cached_set
from fpbench.hashing import content_key
from fpbench.plugin.datasets import Track
from fpbench.plugin.fingerprinters import AnyFingerprinter, FingerprintSpec, Recording, Vectors

TRACKS = 2  # embedded again in every run

ROUNDING = {True: (1e-4, 1e-2), False: (2e-2, 0.1)}
"""Largest median and largest single distance, relative to the length of a vector, that rounding
gives on another processor: in float32 or float64, and in a shorter dtype. Few vectors change by
more than the median: where rounding chooses another peak or neighbour.
"""

_KIND = "editions"

Identity = Mapping[str, object]


def with_edition(store: Store, identity: Identity) -> dict[str, object]:
    """The identity of a system, with the edition of its outputs that the store now holds."""
    arrays = store.read(_KIND, content_key(**identity))
    return {**identity, "edition": str(arrays["edition"]) if arrays else ""}


def start_edition(store: Store, identity: Identity) -> dict[str, object]:
    """Like :func:`with_edition`, with a new edition: nothing that was made before is found again.

    Args:
        identity: With an edition or without.
    """
    plain = {name: value for name, value in identity.items() if name != "edition"}
    edition = secrets.token_hex(8)
    store.write(_KIND, content_key(**plain), {"edition": np.array(edition)})
    return {**plain, "edition": edition}


def find_change(
    store: Store,
    fingerprinter: AnyFingerprinter,
    name: str,
    identity: Identity,
    track_lists: Sequence[Sequence[Track]],
    *,
    surveys: Surveys,
) -> str | None:
    """Embed a few cached tracks again, and compare.

    The shortest tracks are taken, and of each the first batch. If rows depend on their batch, the
    first batch of each list is taken instead. The bytes are equal unless the processor differs;
    then the vectors differ by less than :data:`ROUNDING`.

    Args:
        track_lists: Lists of tracks, each of which has a fingerprint set of its own.
        surveys: Surveys of the tracks.

    Returns:
        The difference in words; None if there is none, nothing is cached, or the fingerprinter
        never gives the same vectors twice.

    Raises:
        FpbenchError: The fingerprinter breaks a rule.
    """
    subject = _Subject(fingerprinter, name)
    dtype = subject.spec.dtype or identity.get("dtype", "float32")
    limits = ROUNDING[dtype in ("float32", "float64")]
    samples: Iterator[_Sample]
    if subject.spec.batch_segments is None:
        tracks = [track for some in track_lists for track in some]
        cached = _cached_tracks(store, subject, identity, tracks, surveys)
        samples = itertools.islice(cached, TRACKS)
    else:
        samples = _cached_batches(store, subject, identity, track_lists, surveys)
    for sample in samples:
        fresh = sample.embed()
        change = _compare(sample.known, fresh, limits)
        if change is not None and _compare(fresh, sample.embed(), limits) is None:
            return f"{change} in {sample.track.name}"
    return None


@dataclass(frozen=True, slots=True)
class _Sample:
    """Cached vectors of the start of a track, and the function that makes them again."""

    track: Track
    known: Vectors
    embed: Callable[[], Vectors]


@dataclass(frozen=True, slots=True)
class _Subject:
    """A fingerprinter and its name in errors."""

    fingerprinter: AnyFingerprinter
    name: str

    @property
    def spec(self) -> FingerprintSpec:
        return self.fingerprinter.spec

    def embed_start(self, track: Track, segments: int) -> Vectors:
        """The first segments of a track."""
        spec = self.spec
        readings = read_ahead(
            [track], spec.sample_rate_hz, resampler=spec.resampler, min_samples=min_samples(spec)
        )
        samples: Recording | None = next(readings).samples
        if samples is None:
            return np.zeros((0, spec.dim), np.float32)
        length = spec.samples + (segments - 1) * spec.hop_samples
        (fingerprints,) = fingerprint_tracks(self.fingerprinter, self.name, [samples[:length]])
        return fingerprints.vectors

    def embed_first(self, tracks: Sequence[Track]) -> Vectors:
        """The first track that has fingerprints, in batches with those that follow."""
        for outcome in fingerprint_files(self.fingerprinter, self.name, tracks):
            if outcome.fingerprints is not None:
                return outcome.fingerprints.vectors
        return np.zeros((0, self.spec.dim), np.float32)


def _cached_tracks(
    store: Store,
    subject: _Subject,
    identity: Identity,
    tracks: Sequence[Track],
    surveys: Surveys,
) -> Iterator[_Sample]:
    """The starts of tracks in the store, the shortest track first."""
    whole = subject.spec.front_end == "track"
    for place in np.argsort(decoded_durations_s(surveys, tracks), kind="stable"):
        track = tracks[place]
        cached = cached_track(store, identity, subject.spec, track, surveys)
        if cached is None or cached.fingerprints is None:
            continue
        known = cached.fingerprints.vectors
        if whole:
            yield _Sample(track, known, partial(subject.embed_first, [track]))
        else:
            embed = partial(subject.embed_start, track, BATCH_SEGMENTS)
            yield _Sample(track, known[:BATCH_SEGMENTS], embed)


def _cached_batches(
    store: Store,
    subject: _Subject,
    identity: Identity,
    track_lists: Sequence[Sequence[Track]],
    surveys: Surveys,
) -> Iterator[_Sample]:
    """The start of the first batch of each list whose fingerprints are in the store."""
    size = subject.spec.batch_segments or BATCH_SEGMENTS
    for tracks in track_lists:
        cached = cached_set(store, identity, subject.spec, tracks, surveys)
        if cached is None or len(cached.vectors) == 0:
            continue
        track = tracks[cached.track[0]]
        known = cached.vectors[cached.track == cached.track[0]]
        if len(known) >= size:
            yield _Sample(track, known[:size], partial(subject.embed_start, track, size))
        else:
            yield _Sample(track, known, partial(subject.embed_first, tracks))


def _compare(
    known: Vectors, fresh: Float32[np.ndarray, "fresh dim"], limits: tuple[float, float]
) -> str | None:
    """The difference in words; None if it may come from rounding."""
    if known.shape != fresh.shape:
        return f"{len(fresh)} fingerprints instead of {len(known)}"
    if np.array_equal(known, fresh):
        return None
    lengths = np.maximum(np.linalg.norm(known, axis=1), 1e-9)
    distances = np.linalg.norm(known - fresh, axis=1) / lengths
    median, largest = float(np.median(distances)), float(distances.max())
    if median <= limits[0] and largest <= limits[1]:
        return None
    return f"a distance of up to {largest:.2g}"
