"""Drives a fingerprinter over recordings, and checks what it hands back, once."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Bool, Float32, Float64

from fpbench.audio.reading import SILENCE_PEAK, Reading, read_ahead
from fpbench.errors import FpbenchError
from fpbench.plugin.blame import blame
from fpbench.plugin.datasets import Track
from fpbench.plugin.fingerprinters import (
    AnyFingerprinter,
    Fingerprinter,
    FingerprintSpec,
    Recording,
    Samples,
    Segments,
    TrackFingerprinter,
    Vectors,
)
from fpbench.plugin.loading import PREFIX

BATCH_SEGMENTS = 128


NORM_TOLERANCE = 1e-3


_NONE_GIVEN = "too short: the fingerprinter gave no fingerprints"


@dataclass(frozen=True, slots=True)
class TrackVectors:
    """The fingerprints of one track, after checking.

    Args:
        vectors: In order of time.
        start_s: Where each one's segment starts, in seconds from the start of the track.
        silent: Which segments never exceed :data:`fpbench.audio.reading.SILENCE_PEAK`.
    """

    vectors: Vectors
    start_s: Float64[np.ndarray, " batch"]
    silent: Bool[np.ndarray, " batch"]


@dataclass(frozen=True, slots=True)
class TrackOutcome:
    """What came of one track: fingerprints, or none and the reason.

    Args:
        track: The one asked for.
        found: None if the track was skipped.
        problem: Why it was skipped, without its name; None if it was not.
    """

    track: Track
    found: TrackVectors | None
    problem: str | None


def fingerprint_files(
    fingerprinter: AnyFingerprinter,
    name: str,
    tracks: Iterable[Track],
    *,
    skip_silent: bool = True,
    refuse_not_finite: bool = True,
) -> Iterator[TrackOutcome]:
    """Read and fingerprint tracks, as :func:`read_ahead` and :func:`fingerprint_tracks` say.

    Returns:
        One outcome per track, in order.

    Raises:
        FpbenchError: The fingerprinter broke a rule, or fails. Files never raise.
    """
    spec = fingerprinter.spec
    readings = read_ahead(
        tracks,
        spec.sample_rate_hz,
        resampler=spec.resampler,
        min_samples=least_samples(spec),
        skip_silent=skip_silent,
    )
    return fingerprint_readings(fingerprinter, name, readings, refuse_not_finite=refuse_not_finite)


def fingerprint_readings(
    fingerprinter: AnyFingerprinter,
    name: str,
    readings: Iterable[Reading],
    *,
    refuse_not_finite: bool = True,
) -> Iterator[TrackOutcome]:
    """:func:`fingerprint_tracks` for what was read, passing on what could not be."""
    waiting: deque[tuple[Track, str | None]] = deque()

    def recordings() -> Iterator[Recording]:
        for reading in readings:
            waiting.append((reading.track, reading.reason))
            if reading.samples is not None:
                yield reading.samples

    def skipped() -> Iterator[TrackOutcome]:
        while waiting and waiting[0][1] is not None:
            track, problem = waiting.popleft()
            yield TrackOutcome(track, None, problem)

    for found in fingerprint_tracks(
        fingerprinter, name, recordings(), refuse_not_finite=refuse_not_finite
    ):
        yield from skipped()
        track, _ = waiting.popleft()
        empty = len(found.vectors) == 0
        yield TrackOutcome(track, None, _NONE_GIVEN) if empty else TrackOutcome(track, found, None)
    yield from skipped()


def fingerprint_tracks(
    fingerprinter: AnyFingerprinter,
    name: str,
    recordings: Iterable[Recording],
    *,
    refuse_not_finite: bool = True,
) -> Iterator[TrackVectors]:
    """Fingerprint recordings one after the other, batching across their borders.

    Args:
        fingerprinter: Of either kind; its ``spec.front_end`` says which.
        name: What errors call it.
        recordings: At the spec's sample rate; taken as batches fill up.
        refuse_not_finite: Whether NaN or infinity is an error.

    Returns:
        One per recording, in order, with no rows for those that are too short.

    Raises:
        FpbenchError: The fingerprinter broke a rule, or fails; the message names both.
    """
    checked = _CheckedFingerprinter(fingerprinter, name, refuse_not_finite=refuse_not_finite)
    if fingerprinter.spec.front_end == "track":
        return (checked.fingerprint(samples) for samples in recordings)
    return _embed_batched(checked, recordings)


def least_samples(spec: FingerprintSpec) -> int:
    """The length below which a recording is skipped before its fingerprinter sees it."""
    skips = spec.front_end == "segment" and spec.short == "skip"
    return spec.samples if skips else 1


def segments_of(samples: Float32[np.ndarray, " recording"], spec: FingerprintSpec) -> Segments:
    """A view of all whole segments of a recording, one hop apart; nothing is copied.

    A recording shorter than one segment gives one, padded with zeros, or none, as the spec says.
    """
    if len(samples) < spec.samples:
        if spec.short == "skip" or len(samples) == 0:
            return np.zeros((0, spec.samples), dtype=np.float32)
        samples = np.pad(samples, (0, spec.samples - len(samples)))
    windows: Segments = np.lib.stride_tricks.sliding_window_view(samples, spec.samples)
    return windows[:: spec.hop_samples]


class _CheckedFingerprinter:
    """A fingerprinter whose every answer is checked against its spec."""

    def __init__(
        self, fingerprinter: AnyFingerprinter, name: str, *, refuse_not_finite: bool
    ) -> None:
        self.spec = fingerprinter.spec
        self._fingerprinter = fingerprinter
        self._name = name
        self._blamed = name.removeprefix(PREFIX)
        self._refuse_not_finite = refuse_not_finite

    def embed(self, segments: Segments) -> tuple[Vectors, Bool[np.ndarray, " batch"]]:
        """Vectors, and which segments are silent."""
        silent = np.maximum(segments.max(axis=1), -segments.min(axis=1)) <= SILENCE_PEAK
        with blame(self._blamed, "embedding segments"):
            vectors: object = cast(Fingerprinter, self._fingerprinter).embed(segments)
        return self._vectors(vectors, len(segments), silent), silent

    def fingerprint(self, samples: Samples) -> TrackVectors:
        loud = np.concatenate(
            [np.zeros(1, np.int32), np.cumsum(np.abs(samples) > SILENCE_PEAK, dtype=np.int32)]
        )
        duration_s = len(samples) / self.spec.sample_rate_hz
        with blame(self._blamed, "fingerprinting a recording"):
            answer = cast(TrackFingerprinter, self._fingerprinter).fingerprint(samples)
            vectors, start_s = answer.vectors, answer.start_s
        self._refuse_times(start_s, duration_s)
        first = np.rint(start_s * self.spec.sample_rate_hz).astype(np.int64)
        last = np.minimum(first + self.spec.samples, len(loud) - 1)
        silent = loud[first] == loud[last]
        return TrackVectors(self._vectors(vectors, len(start_s), silent), start_s, silent)

    def _vectors(self, vectors: object, rows: int, silent: Bool[np.ndarray, " batch"]) -> Vectors:
        spec = self.spec
        if not isinstance(vectors, np.ndarray):
            raise self._broken(f"vectors are a NumPy array, not {type(vectors).__name__}")
        if vectors.dtype != np.float32:
            raise self._broken(f"vectors are float32, not {vectors.dtype}")
        if vectors.shape != (rows, spec.dim):
            raise self._broken(f"vectors have the shape ({rows}, {spec.dim}), not {vectors.shape}")
        finite = np.isfinite(vectors).all(axis=1)
        if self._refuse_not_finite and not finite.all():
            raise self._broken(
                f"vectors are finite, but {np.count_nonzero(~finite)} of {rows} are not"
            )
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        empty = (norms == 0) & (silent | spec.may_be_zero)
        wrong = finite & (np.abs(norms - 1) > NORM_TOLERANCE) & ~empty
        if spec.unit_norm and wrong.any():
            raise self._broken(
                "vectors have length 1 where the spec says unit_norm (or 0 for a silent segment), "
                f"but one has {norms[wrong][0]:.4g}"
            )
        return vectors

    def _refuse_times(self, start_s: object, duration_s: float) -> None:
        if not isinstance(start_s, np.ndarray) or start_s.dtype != np.float64 or start_s.ndim != 1:
            raise self._broken("start_s is a float64 array with one axis")
        inside = np.isfinite(start_s) & (start_s >= 0) & (start_s <= duration_s)
        if not inside.all():
            raise self._broken(
                f"start_s lies within the recording of {duration_s:.3f} s, "
                f"but one is {start_s[~inside][0]:.3f}"
            )
        if (np.diff(start_s) <= 0).any():
            raise self._broken("start_s increases from row to row")

    def _broken(self, rule: str) -> FpbenchError:
        return FpbenchError(
            f"plugin '{self._blamed}' breaks a rule: {rule}",
            hint="`fpbench check` tries every rule that a fingerprinter has to keep",
        )


def _embed_batched(
    checked: _CheckedFingerprinter, recordings: Iterable[Recording]
) -> Iterator[TrackVectors]:
    """Fill batches from one recording after the other; hand out tracks as their rows come back."""
    spec = checked.spec
    size = spec.batch_segments or BATCH_SEGMENTS
    back = _TrackAssembler(spec)
    batch: list[Segments] = []
    room = size
    for samples in recordings:
        segments = segments_of(samples, spec)
        back.expect(len(segments))
        while len(segments):
            batch.append(segments[:room])
            segments = segments[room:]
            room -= len(batch[-1])
            if room == 0:
                back.add(*checked.embed(np.concatenate(batch)))
                batch, room = [], size
        yield from back.complete_tracks()
    if batch:
        back.add(*checked.embed(np.concatenate(batch)))
    yield from back.complete_tracks()


class _TrackAssembler:
    """Rows that came back from the fingerprinter, until their track is complete."""

    def __init__(self, spec: FingerprintSpec) -> None:
        self._hop_samples = spec.hop_samples
        self._sample_rate_hz = spec.sample_rate_hz
        self._expected: deque[int] = deque()
        self._vectors = np.zeros((0, spec.dim), dtype=np.float32)
        self._silent = np.zeros(0, dtype=bool)
        self._newer: list[tuple[Vectors, Bool[np.ndarray, " batch"]]] = []
        self._rows = 0

    def expect(self, rows: int) -> None:
        self._expected.append(rows)

    def add(self, vectors: Vectors, silent: Bool[np.ndarray, " batch"]) -> None:
        self._newer.append((vectors, silent))
        self._rows += len(vectors)

    def complete_tracks(self) -> Iterator[TrackVectors]:
        while self._expected and self._expected[0] <= self._rows:
            rows = self._expected.popleft()
            self._join()
            start_s = np.arange(rows) * self._hop_samples / self._sample_rate_hz
            yield TrackVectors(self._vectors[:rows], start_s, self._silent[:rows])
            self._vectors, self._silent = self._vectors[rows:], self._silent[rows:]
            self._rows -= rows

    def _join(self) -> None:
        if self._newer:
            self._vectors = np.concatenate([self._vectors, *(v for v, _ in self._newer)])
            self._silent = np.concatenate([self._silent, *(s for _, s in self._newer)])
            self._newer = []
