"""Checks a fingerprinter: one check for each rule of the harness."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from jaxtyping import Float

from fpbench.errors import FpbenchError
from fpbench.fingerprints.embedding import fingerprint_tracks, segments_of
from fpbench.plugin.blame import blame
from fpbench.plugin.fingerprinters import (
    AnyFingerprinter,
    Fingerprinter,
    FingerprintSpec,
    Recording,
    Samples,
    Segments,
    TrackFingerprinter,
)
from fpbench.plugin.loading import PREFIX

RECORDING_S = 6.0
SILENCE_S = 3.0
ROWS_ALONE = 4
"""Segments that are also embedded alone."""
BATCH_TOLERANCE = 1e-2
"""Largest distance between unit vectors that rounding may cause (a cosine of 0.99995).

Float32 rounding alone changes vectors by 1e-6, but it may also make a graph or a peak picker choose
another neighbour or peak. Real dependence on the batch changes vectors by 0.1 and more.
"""


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """The outcome of one check.

    Args:
        name: The rule.
        passed: Whether the fingerprinter follows it.
        detail: The measured value, or why the check failed.
    """

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Subject:
    """A fingerprinter under test, and two recordings to test it with.

    Args:
        kept: Output for the first recording, which several checks look at.
    """

    fingerprinter: AnyFingerprinter
    name: str
    recording: Samples
    other: Samples
    kept: dict[str, tuple[object, object]] = field(default_factory=dict)

    @property
    def spec(self) -> FingerprintSpec:
        return self.fingerprinter.spec

    def segments(self, samples: Recording) -> Segments:
        """A copy of the segments of a recording, at most as many as a batch may hold."""
        return segments_of(samples, self.spec)[: self.spec.batch_segments].copy()

    def embed(self, segments: Segments) -> object:
        with blame(self.name, "embedding segments"):
            return cast(Fingerprinter, self.fingerprinter).embed(segments)

    def fingerprint(self, samples: Samples) -> tuple[object, object]:
        """Unchecked vectors of a recording, and start times or None."""
        if self.spec.front_end == "segment":
            return self.embed(self.segments(samples)), None
        with blame(self.name, "fingerprinting a recording"):
            fingerprints = cast(TrackFingerprinter, self.fingerprinter).fingerprint(samples.copy())
            return fingerprints.vectors, fingerprints.start_s

    def output(self) -> tuple[object, object]:
        """Unchecked vectors and start times of the first recording, computed once."""
        if not self.kept:
            self.kept["recording"] = self.fingerprint(self.recording)
        return self.kept["recording"]

    def known_vectors(self) -> Float[np.ndarray, "rows cols"]:
        """Vectors of the first recording, computed once.

        Raises:
            BrokenRuleError: As :meth:`vectors`.
        """
        return _require_numbers(self.output()[0])

    def vectors(self, samples: Samples) -> Float[np.ndarray, "rows cols"]:
        """Vectors of a recording.

        Raises:
            BrokenRuleError: They are not a two-dimensional array of floating-point numbers.
        """
        vectors, _ = self.fingerprint(samples)
        return _require_numbers(vectors)


class BrokenRuleError(Exception):
    """A fingerprinter breaks a rule; the text says how."""


def run_checks(
    fingerprinter: AnyFingerprinter, name: str, rng: np.random.Generator, *, speed: bool = True
) -> list[CheckOutcome]:
    """Check every rule on a fingerprinter; a broken rule does not stop the other checks.

    Args:
        fingerprinter: A segment-wise or a track-wise one.
        name: Its name in outcomes.
        rng: Draws the test recordings.
        speed: Whether to measure the speed, too, which takes as long as all other checks.
    """
    spec = fingerprinter.spec
    recording, other = (make_recording(spec, rng) for _ in range(2))
    subject = Subject(fingerprinter, name.removeprefix(PREFIX), recording, other)
    outcomes = [_run_check(label, check, subject) for label, check in CHECKS.items()]
    if speed:
        outcomes.append(_run_check("throughput", _throughput, subject))
    return [CheckOutcome("spec", True, _describe(spec)), *outcomes]


def make_recording(spec: FingerprintSpec, rng: np.random.Generator) -> Samples:
    """Tones and noise with changing loudness, long enough for several segments."""
    seconds = max(RECORDING_S, spec.segment_s + 4 * spec.hop_s)
    t = np.arange(round(seconds * spec.sample_rate_hz)) / spec.sample_rate_hz
    pitches_hz = rng.uniform(100, spec.sample_rate_hz / 4, (8, 1))
    tones = np.sin(2 * np.pi * pitches_hz * t).sum(axis=0) / 16
    noise = rng.standard_normal(len(t)) / 16
    # 40 dB from the softest to the loudest part, to detect levels that depend on the whole batch.
    loudness = 10 ** (-1 + np.sin(2 * np.pi * t / seconds))
    recording: Samples = (loudness * (tones + noise)).astype(np.float32)
    return recording


def _run_check(label: str, check: Callable[[Subject], str], subject: Subject) -> CheckOutcome:
    try:
        return CheckOutcome(label, True, check(subject))
    except BrokenRuleError as err:
        return CheckOutcome(label, False, str(err))
    except FpbenchError as err:
        return CheckOutcome(label, False, err.message)


def _require_numbers(vectors: object) -> Float[np.ndarray, "rows cols"]:
    if not isinstance(vectors, np.ndarray) or vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise BrokenRuleError("vectors are not a two-dimensional NumPy array of floats")
    return vectors


def _describe(spec: FingerprintSpec) -> str:
    return (
        f"{spec.front_end}-wise, {spec.sample_rate_hz} Hz, {spec.segment_s:g} s every "
        f"{spec.hop_s:g} s, {spec.dim} dims"
    )


def _dtype(subject: Subject) -> str:
    vectors, start_s = subject.output()
    if not isinstance(vectors, np.ndarray):
        raise BrokenRuleError(f"vectors are {type(vectors).__name__}, not a NumPy array")
    if vectors.dtype != np.float32:
        raise BrokenRuleError(f"vectors are {vectors.dtype}, not float32")
    if start_s is not None and getattr(start_s, "dtype", None) != np.float64:
        raise BrokenRuleError("start_s is not a float64 NumPy array")
    return "float32"


def _shape(subject: Subject) -> str:
    vectors, start_s = subject.output()
    segments = subject.segments(subject.recording)
    rows = len(segments) if start_s is None else np.size(cast(Any, start_s))
    shape, expected = _require_numbers(vectors).shape, (rows, subject.spec.dim)
    if shape != expected:
        raise BrokenRuleError(f"vectors have the shape {shape}, not {expected}")
    return f"{rows} x {subject.spec.dim}"


def _finite(subject: Subject) -> str:
    bad = np.count_nonzero(~np.isfinite(subject.known_vectors()).all(axis=1))
    if bad:
        raise BrokenRuleError(f"{bad} vectors hold NaN or infinity")
    return "no NaN, no infinity"


def _unit_norm(subject: Subject) -> str:
    norms = np.linalg.norm(subject.known_vectors(), axis=1)
    span = f"norms from {norms.min():.6g} to {norms.max():.6g}" if len(norms) else "no vectors"
    if not subject.spec.unit_norm:
        return f"not declared; {span}"
    empty = (norms == 0) & subject.spec.may_be_zero
    if not (empty | (np.abs(norms - 1) <= 1e-3)).all() or empty.all():
        raise BrokenRuleError(span)
    return span


def _deterministic(subject: Subject) -> str:
    first = subject.known_vectors().copy()
    subject.vectors(subject.other)
    again = subject.vectors(subject.recording)
    if first.shape != again.shape or first.tobytes() != again.tobytes():
        raise BrokenRuleError("the same audio gives different bytes the second time")
    return "same bytes after other audio"


def _batch_invariant(subject: Subject) -> str:
    spec = subject.spec
    if spec.front_end == "track":
        return "not tested: the front end takes one recording at a time"
    if spec.batch_segments is not None:
        return f"not tested: the spec declares batches of {spec.batch_segments}"
    segments = subject.segments(subject.recording)
    rows = np.unique(np.linspace(0, len(segments) - 1, ROWS_ALONE).astype(int))
    together = _require_numbers(subject.embed(segments))[rows]
    alone = [_require_numbers(subject.embed(segments[row, None].copy())) for row in rows]
    if len(together) != len(alone) or any(one.shape != (1, together.shape[1]) for one in alone):
        raise BrokenRuleError("a batch of one segment does not give one vector")
    change = np.linalg.norm(together - np.concatenate(alone), axis=1)
    change /= np.maximum(np.linalg.norm(together, axis=1), 1e-9)
    if not change.max() <= BATCH_TOLERANCE:
        raise BrokenRuleError(
            f"a vector changes by {change.max():.2g} with the other segments in its batch"
        )
    return f"vectors change by at most {change.max():.1g}"


def _input_unchanged(subject: Subject) -> str:
    if subject.spec.front_end == "track":
        before, audio = subject.recording, subject.recording.copy()
        subject.fingerprint(audio)
    else:
        before, audio = (subject.segments(subject.recording) for _ in range(2))
        subject.embed(audio)
    if not np.array_equal(audio, before):
        raise BrokenRuleError("the fingerprinter changes its input")
    return "unchanged"


def _silence(subject: Subject) -> str:
    spec = subject.spec
    seconds = max(SILENCE_S, spec.segment_s + spec.hop_s)
    vectors = subject.vectors(np.zeros(round(seconds * spec.sample_rate_hz), np.float32))
    norms = np.linalg.norm(vectors, axis=1)
    if not np.isfinite(vectors).all():
        raise BrokenRuleError("silence gives NaN or infinity")
    if spec.unit_norm and not ((norms == 0) | (np.abs(norms - 1) <= 1e-3)).all():
        raise BrokenRuleError(f"silence gives a vector of norm {norms.min():.3g}, neither 0 nor 1")
    return "zeros" if (norms == 0).all() else "finite"


def _hop(subject: Subject) -> str:
    spec = subject.spec
    seconds = len(subject.recording) / spec.sample_rate_hz
    declared = 1 + int((seconds - spec.segment_s) // spec.hop_s)
    (fingerprints,) = fingerprint_tracks(subject.fingerprinter, subject.name, [subject.recording])
    start_s = fingerprints.start_s
    count = len(start_s)
    # A front end may drop or add a frame or two at each end, but the hop must not drift.
    if abs(count - declared) > max(1, 0.05 * declared):
        raise BrokenRuleError(
            f"{seconds:g} s of audio give {count} vectors, but the spec says {declared}"
        )
    if count > 1:
        hop_s = (start_s[-1] - start_s[0]) / (count - 1)
        if abs(hop_s - spec.hop_s) > 0.01 * spec.hop_s:
            raise BrokenRuleError(f"start times are {hop_s:.4g} s apart, not {spec.hop_s:g} s")
    return f"{count} vectors in {seconds:g} s"


def _throughput(subject: Subject) -> str:
    repeats = 4
    start = time.perf_counter()
    for _ in fingerprint_tracks(subject.fingerprinter, subject.name, [subject.recording] * repeats):
        pass
    elapsed_s = time.perf_counter() - start
    audio_s = repeats * len(subject.recording) / subject.spec.sample_rate_hz
    return f"{audio_s / elapsed_s:.0f} x real time"


CHECKS: Mapping[str, Callable[[Subject], str]] = {
    "dtype": _dtype,
    "shape": _shape,
    "finite": _finite,
    "unit norm": _unit_norm,
    "determinism": _deterministic,
    "batch invariance": _batch_invariant,
    "input unchanged": _input_unchanged,
    "silence": _silence,
    "hop": _hop,
}
"""The checks, in this order; each returns a detail or raises :class:`BrokenRuleError`."""
