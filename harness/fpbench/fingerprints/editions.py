"""Notices fingerprints in the cache that a system no longer makes, and lets all be made again."""

import itertools
import secrets
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import Float32

from fpbench.audio.reading import durations_s, read_ahead
from fpbench.cache import Store
from fpbench.fingerprints.embedding import (
    BATCH_SEGMENTS,
    fingerprint_files,
    fingerprint_tracks,
    min_samples,
)
from fpbench.fingerprints.track_sets import cached_track
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
    tracks: Sequence[Track],
) -> str | None:
    """Embed a few cached tracks again, and compare.

    The shortest tracks are taken, and of each the first batch. The bytes are equal unless the
    processor differs; then the vectors differ by less than :data:`ROUNDING`.

    Returns:
        The difference in words; None if there is none, nothing is cached, rows depend on other
        tracks, or the fingerprinter never gives the same vectors twice.

    Raises:
        FpbenchError: The fingerprinter breaks a rule.
    """
    if fingerprinter.spec.batch_segments is not None:
        return None
    dtype = fingerprinter.spec.dtype or identity.get("dtype", "float32")
    limits = ROUNDING[dtype in ("float32", "float64")]
    cached = _cached_tracks(store, fingerprinter.spec, identity, tracks)
    for track, known in itertools.islice(cached, TRACKS):
        fresh = _embed_start(fingerprinter, name, track)
        change = _compare(known, fresh, limits)
        if change is None:
            continue
        again = _embed_start(fingerprinter, name, track)
        if _compare(fresh, again, limits) is None:
            return f"{change} in {track.name}"
    return None


def _cached_tracks(
    store: Store, spec: FingerprintSpec, identity: Identity, tracks: Sequence[Track]
) -> Iterator[tuple[Track, Vectors]]:
    """Tracks with their fingerprints in the store, or the first batch; the shortest first."""
    for place in np.argsort(durations_s(tracks), kind="stable"):
        known = cached_track(store, identity, spec, tracks[place])
        if known is not None and known.fingerprints is not None:
            whole = spec.front_end == "track"
            yield tracks[place], known.fingerprints.vectors[: None if whole else BATCH_SEGMENTS]


def _embed_start(fingerprinter: AnyFingerprinter, name: str, track: Track) -> Vectors:
    """The first batch of a track; all of it if the fingerprinter takes whole recordings."""
    spec = fingerprinter.spec
    if spec.front_end == "track":
        (outcome,) = fingerprint_files(fingerprinter, name, [track])
        return _no_vectors(spec) if outcome.fingerprints is None else outcome.fingerprints.vectors
    readings = read_ahead(
        [track], spec.sample_rate_hz, resampler=spec.resampler, min_samples=min_samples(spec)
    )
    samples: Recording | None = next(readings).samples
    if samples is None:
        return _no_vectors(spec)
    length = spec.samples + (BATCH_SEGMENTS - 1) * spec.hop_samples
    (fingerprints,) = fingerprint_tracks(fingerprinter, name, [samples[:length]])
    return fingerprints.vectors


def _no_vectors(spec: FingerprintSpec) -> Vectors:
    return np.zeros((0, spec.dim), np.float32)


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
