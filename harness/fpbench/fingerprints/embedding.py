"""Runs a fingerprinter over recordings and checks its output once."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from jaxtyping import Bool, Float32, Float64

from fpbench.audio.reading import Reading, read_ahead
from fpbench.audio.silence import are_silent
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

_NO_FINGERPRINTS = "too short: the fingerprinter returned no fingerprints"


@dataclass(frozen=True, slots=True)
class TrackVectors:
    """The checked fingerprints of one track.

    Args:
        vectors: Fingerprints in order of time.
        start_s: Start time of each segment in the track.
        silent: Whether each segment is silent, see :func:`fpbench.audio.silence.are_silent`.
    """

    vectors: Vectors
    start_s: Float64[np.ndarray, " batch"]
    silent: Bool[np.ndarray, " batch"]


@dataclass(frozen=True, slots=True)
class TrackOutcome:
    """Outcome of one track: fingerprints, or the reason why the track was skipped.

    Args:
        track: The track.
        fingerprints: None if the track was skipped.
        reason: Reason for skipping, without the name of the track; None if it was not skipped.
        failed: Whether the track could not be read, which another attempt may change.
    """

    track: Track
    fingerprints: TrackVectors | None
    reason: str | None
    failed: bool = False


def fingerprint_files(
    fingerprinter: AnyFingerprinter,
    name: str,
    tracks: Iterable[Track],
) -> Iterator[TrackOutcome]:
    """Read and fingerprint tracks with :func:`read_ahead` and :func:`fingerprint_tracks`.

    Returns:
        One outcome per track, in order. A file that cannot be read gives an outcome, not an error.

    Raises:
        FpbenchError: The fingerprinter breaks a rule or fails.
    """
    spec = fingerprinter.spec
    readings = read_ahead(
        tracks,
        spec.sample_rate_hz,
        resampler=spec.resampler,
        min_samples=min_samples(spec),
    )
    return fingerprint_readings(fingerprinter, name, readings)


def fingerprint_readings(
    fingerprinter: AnyFingerprinter,
    name: str,
    readings: Iterable[Reading],
    *,
    refuse_not_finite: bool = True,
) -> Iterator[TrackOutcome]:
    """Like :func:`fingerprint_tracks`, with an outcome for each reading without samples too."""
    pending: deque[Reading] = deque()

    def recordings() -> Iterator[tuple[str, Recording]]:
        for reading in readings:
            pending.append(replace(reading, samples=None))
            if reading.samples is not None:
                yield reading.track.name, reading.samples

    def skipped_outcomes() -> Iterator[TrackOutcome]:
        while pending and pending[0].reason is not None:
            skipped = pending.popleft()
            yield TrackOutcome(skipped.track, None, skipped.reason, failed=skipped.failed)

    for fingerprints in fingerprint_named(
        fingerprinter, name, recordings(), refuse_not_finite=refuse_not_finite
    ):
        yield from skipped_outcomes()
        track = pending.popleft().track
        if len(fingerprints.vectors):
            yield TrackOutcome(track, fingerprints, None)
        else:
            yield TrackOutcome(track, None, _NO_FINGERPRINTS)
    yield from skipped_outcomes()


def fingerprint_tracks(
    fingerprinter: AnyFingerprinter,
    name: str,
    recordings: Iterable[Recording],
    *,
    refuse_not_finite: bool = True,
) -> Iterator[TrackVectors]:
    """Like :func:`fingerprint_named`, for recordings without names."""
    named = (("", samples) for samples in recordings)
    return fingerprint_named(fingerprinter, name, named, refuse_not_finite=refuse_not_finite)


def fingerprint_named(
    fingerprinter: AnyFingerprinter,
    name: str,
    recordings: Iterable[tuple[str, Recording]],
    *,
    refuse_not_finite: bool = True,
) -> Iterator[TrackVectors]:
    """Fingerprint recordings in order; a batch may hold segments of several recordings.

    Args:
        fingerprinter: Segment-wise or track-wise, as its ``spec.front_end`` says.
        name: Name of the fingerprinter in errors.
        recordings: Recordings at the sample rate of the spec, read as batches fill up, each with
            its own name in errors.
        refuse_not_finite: Whether NaN or infinity is an error.

    Returns:
        The fingerprints of each recording, in order; no rows if the recording is too short.

    Raises:
        FpbenchError: The fingerprinter breaks a rule or fails; the message names the recording.
    """
    checked = _CheckedFingerprinter(fingerprinter, name, refuse_not_finite=refuse_not_finite)
    if fingerprinter.spec.front_end == "track":
        return (checked.fingerprint(label, samples) for label, samples in recordings)
    return _embed_batched(checked, recordings)


def min_samples(spec: FingerprintSpec) -> int:
    """Minimum length of a recording; shorter ones are skipped before the fingerprinter."""
    skips = spec.front_end == "segment" and spec.short == "skip"
    return spec.samples if skips else 1


def segments_of(samples: Float32[np.ndarray, " recording"], spec: FingerprintSpec) -> Segments:
    """All complete segments of a recording, one hop apart, as a view without a copy.

    A recording shorter than a segment gives one segment, padded with zeros, or none: the spec
    decides.
    """
    if len(samples) < spec.samples:
        if spec.short == "skip" or len(samples) == 0:
            return np.zeros((0, spec.samples), dtype=np.float32)
        samples = np.pad(samples, (0, spec.samples - len(samples)))
    windows: Segments = np.lib.stride_tricks.sliding_window_view(samples, spec.samples)
    return windows[:: spec.hop_samples]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Where fingerprints come from, for errors.

    Args:
        label: Name of the recording; empty if it has none.
        start_s: Start time of each row's segment in the recording.
    """

    label: str
    start_s: Float64[np.ndarray, " rows"]


class _CheckedFingerprinter:
    """A fingerprinter whose output is checked against its spec."""

    def __init__(
        self, fingerprinter: AnyFingerprinter, name: str, *, refuse_not_finite: bool
    ) -> None:
        self.spec = fingerprinter.spec
        self._fingerprinter = fingerprinter
        self._name = name
        self._plugin = name.removeprefix(PREFIX)
        self._refuse_not_finite = refuse_not_finite

    def embed(
        self, segments: Segments, sources: Sequence[_Rows]
    ) -> tuple[Vectors, Bool[np.ndarray, " batch"]]:
        """The vectors of a batch from one recording or several; whether each segment is silent."""
        silent = are_silent(segments)
        with blame(self._plugin, f"embedding segments{_of_recordings(sources)}"):
            vectors: object = cast(Fingerprinter, self._fingerprinter).embed(segments)
        return self._check_vectors(vectors, silent, sources), silent

    def fingerprint(self, label: str, samples: Samples) -> TrackVectors:
        duration_s = len(samples) / self.spec.sample_rate_hz
        with blame(self._plugin, f"fingerprinting {label or 'a recording'}"):
            fingerprints = cast(TrackFingerprinter, self._fingerprinter).fingerprint(samples)
            vectors, start_s = fingerprints.vectors, fingerprints.start_s
        self._check_times(start_s, duration_s, label)
        first = np.rint(start_s * self.spec.sample_rate_hz).astype(np.int64)
        first = np.minimum(first, len(samples) - 1)
        silent = np.array(
            [are_silent(samples[None, at : at + self.spec.samples])[0] for at in first], dtype=bool
        )
        vectors = self._check_vectors(vectors, silent, [_Rows(label, start_s)])
        return TrackVectors(vectors, start_s, silent)

    def _check_vectors(
        self, vectors: object, silent: Bool[np.ndarray, " batch"], sources: Sequence[_Rows]
    ) -> Vectors:
        spec, rows, of = self.spec, len(silent), _of_recordings(sources)
        if not isinstance(vectors, np.ndarray):
            kind = type(vectors).__name__
            raise self._broken_rule(f"vectors must be a NumPy array, not {kind}{of}")
        if vectors.dtype != np.float32:
            raise self._broken_rule(f"vectors must be float32, not {vectors.dtype}{of}")
        if vectors.shape != (rows, spec.dim):
            raise self._broken_rule(
                f"vectors must have the shape ({rows}, {spec.dim}), not {vectors.shape}{of}"
            )
        finite = np.asarray(np.isfinite(vectors).all(axis=1))
        if self._refuse_not_finite and not finite.all():
            raise self._broken_rule(
                f"vectors must be finite, but {np.count_nonzero(~finite)} of {rows} are not"
                f"{_first_of(sources, ~finite)}"
            )
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        empty = (norms == 0) & (silent | spec.may_be_zero)
        wrong = finite & (np.abs(norms - 1) > NORM_TOLERANCE) & ~empty
        if spec.unit_norm and wrong.any():
            raise self._broken_rule(
                "vectors must have length 1 under unit_norm (a silent segment may have 0), "
                f"but one has {norms[wrong][0]:.4g}{_first_of(sources, wrong)}"
            )
        return vectors

    def _check_times(self, start_s: object, duration_s: float, label: str) -> None:
        of = f", in {label}" if label else ""
        if not isinstance(start_s, np.ndarray) or start_s.dtype != np.float64 or start_s.ndim != 1:
            raise self._broken_rule(f"start_s must be a float64 array with one axis{of}")
        inside = np.isfinite(start_s) & (start_s >= 0) & (start_s <= duration_s)
        if not inside.all():
            raise self._broken_rule(
                f"start_s must lie within the recording of {duration_s:.3f} s, "
                f"but one is {start_s[~inside][0]:.3f}{of}"
            )
        if (np.diff(start_s) <= 0).any():
            raise self._broken_rule(f"start_s must increase from row to row{of}")

    def _broken_rule(self, rule: str) -> FpbenchError:
        return FpbenchError(
            f"plugin '{self._plugin}' breaks a rule: {rule}",
            hint="correct the plugin, or leave the recording out; `fpbench check` tests every rule "
            "for a fingerprinter",
        )


def _of_recordings(sources: Sequence[_Rows]) -> str:
    """Names of the recordings of a batch, as an end of a sentence; empty if they have none."""
    labels = list(dict.fromkeys(one.label for one in sources if one.label))
    if not labels:
        return ""
    return f" of {labels[0]}" + (f" to {labels[-1]}" if len(labels) > 1 else "")


def _first_of(sources: Sequence[_Rows], marked: Bool[np.ndarray, " batch"]) -> str:
    """Recording and time of the first marked row, as an end of a sentence."""
    row = int(np.argmax(marked))
    for one in sources:
        if row < len(one.start_s):
            return f", the first in {one.label} at {one.start_s[row]:g} s" if one.label else ""
        row -= len(one.start_s)
    return ""


def _embed_batched(
    checked: _CheckedFingerprinter, recordings: Iterable[tuple[str, Recording]]
) -> Iterator[TrackVectors]:
    """Fill batches across recordings; yield each track as soon as its rows are complete."""
    spec = checked.spec
    size = spec.batch_segments or BATCH_SEGMENTS
    assembler = _TrackAssembler(spec)
    batch: list[Segments] = []
    sources: list[_Rows] = []
    free = size
    for label, samples in recordings:
        segments = segments_of(samples, spec)
        start_s = _start_times(len(segments), spec)
        assembler.expect(len(segments))
        while len(segments):
            batch.append(segments[:free])
            sources.append(_Rows(label, start_s[:free]))
            segments, start_s = segments[free:], start_s[free:]
            free -= len(batch[-1])
            if free == 0:
                assembler.add(*checked.embed(np.concatenate(batch), sources))
                batch, sources, free = [], [], size
        yield from assembler.complete_tracks()
    if batch:
        assembler.add(*checked.embed(np.concatenate(batch), sources))
    yield from assembler.complete_tracks()


def _start_times(rows: int, spec: FingerprintSpec) -> Float64[np.ndarray, " rows"]:
    return np.arange(rows) * spec.hop_samples / spec.sample_rate_hz


class _TrackAssembler:
    """Collects rows of the fingerprinter until their track is complete."""

    def __init__(self, spec: FingerprintSpec) -> None:
        self._spec = spec
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
            start_s = _start_times(rows, self._spec)
            yield TrackVectors(self._vectors[:rows], start_s, self._silent[:rows])
            self._vectors, self._silent = self._vectors[rows:], self._silent[rows:]
            self._rows -= rows

    def _join(self) -> None:
        if self._newer:
            self._vectors = np.concatenate([self._vectors, *(v for v, _ in self._newer)])
            self._silent = np.concatenate([self._silent, *(s for _, s in self._newer)])
            self._newer = []
