"""Checks that a plugin author runs on a fingerprinter: the harness's rules, one by one."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
BATCH_TOLERANCE = 1e-2
"""Largest distance between unit vectors that rounding may cause (a cosine of 0.99995).

Float32 rounding alone moves vectors by 1e-6, but a graph or a peak picker turns it into a different
neighbour now and then. Real dependence on the batch moves vectors by 0.1 and more.
"""


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """One rule, whether it was kept, and the figure or the reason."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Subject:
    """A fingerprinter under test and what it is tested with."""

    fingerprinter: AnyFingerprinter
    name: str
    recording: Samples
    other: Samples

    @property
    def spec(self) -> FingerprintSpec:
        return self.fingerprinter.spec

    def segments(self, samples: Recording) -> Segments:
        """A copy of a recording's segments, or of as many as a batch may hold."""
        return segments_of(samples, self.spec)[: self.spec.batch_segments].copy()

    def embed(self, segments: Segments) -> object:
        with blame(self.name, "embedding segments"):
            return cast(Fingerprinter, self.fingerprinter).embed(segments)

    def answer(self, samples: Samples) -> tuple[object, object]:
        """Vectors of a recording's segments, unchecked, and start times where it gives any."""
        if self.spec.front_end == "segment":
            return self.embed(self.segments(samples)), None
        with blame(self.name, "fingerprinting a recording"):
            found = cast(TrackFingerprinter, self.fingerprinter).fingerprint(samples)
            return found.vectors, found.start_s

    def vectors(self, samples: Samples) -> Float[np.ndarray, "rows cols"]:
        """Vectors of a recording, as far as they are an array of numbers."""
        vectors, _ = self.answer(samples)
        return _require_numbers(vectors)


class BrokenRuleError(Exception):
    """A check that failed, in words."""


def check_fingerprinter(fingerprinter: AnyFingerprinter, rng: np.random.Generator) -> None:
    """Try every rule on a fingerprinter, in a test.

    Args:
        fingerprinter: Of either kind.
        rng: For the noise and tones it is tried with.

    Raises:
        AssertionError: A rule is broken; the message lists all that are.
    """
    outcomes = run_checks(fingerprinter, type(fingerprinter).__name__, rng)
    broken = [f"{one.name}: {one.detail}" for one in outcomes if not one.passed]
    if broken:
        raise AssertionError("\n".join(["rules broken:", *broken]))


def run_checks(
    fingerprinter: AnyFingerprinter, name: str, rng: np.random.Generator
) -> list[CheckOutcome]:
    """Try every rule on a fingerprinter; a broken one does not stop the others.

    Args:
        fingerprinter: Of either kind.
        name: What outcomes call it.
        rng: For the noise and tones it is tried with.
    """
    spec = fingerprinter.spec
    recordings = (music_like(spec, rng) for _ in range(2))
    subject = Subject(fingerprinter, name.removeprefix(PREFIX), *recordings)
    tried = (_try_check(label, check, subject) for label, check in CHECKS.items())
    return [CheckOutcome("spec", True, _describe(spec)), *tried]


def music_like(spec: FingerprintSpec, rng: np.random.Generator) -> Samples:
    """Tones and noise with changing loudness, long enough for several segments."""
    seconds = max(RECORDING_S, spec.segment_s + 4 * spec.hop_s)
    t = np.arange(round(seconds * spec.sample_rate_hz)) / spec.sample_rate_hz
    pitches_hz = rng.uniform(100, spec.sample_rate_hz / 4, (8, 1))
    tones = np.sin(2 * np.pi * pitches_hz * t).sum(axis=0) / 16
    noise = rng.standard_normal(len(t)) / 16
    # 40 dB from the softest to the loudest, to show up levels taken over a whole batch.
    loudness = 10 ** (-1 + np.sin(2 * np.pi * t / seconds))
    recording: Samples = (loudness * (tones + noise)).astype(np.float32)
    return recording


def _try_check(label: str, check: Callable[[Subject], str], subject: Subject) -> CheckOutcome:
    try:
        return CheckOutcome(label, True, check(subject))
    except BrokenRuleError as err:
        return CheckOutcome(label, False, str(err))
    except FpbenchError as err:
        return CheckOutcome(label, False, err.message)


def _require_numbers(vectors: object) -> Float[np.ndarray, "rows cols"]:
    if not isinstance(vectors, np.ndarray) or vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise BrokenRuleError("not a NumPy array of floating-point numbers with two axes")
    return vectors


def _describe(spec: FingerprintSpec) -> str:
    return (
        f"{spec.front_end}-wise, {spec.sample_rate_hz} Hz, {spec.segment_s:g} s every "
        f"{spec.hop_s:g} s, {spec.dim} dims"
    )


def _dtype(subject: Subject) -> str:
    vectors, start_s = subject.answer(subject.recording)
    if not isinstance(vectors, np.ndarray):
        raise BrokenRuleError(f"vectors are {type(vectors).__name__}, not a NumPy array")
    if vectors.dtype != np.float32:
        raise BrokenRuleError(f"vectors are {vectors.dtype}, not float32")
    if start_s is not None and getattr(start_s, "dtype", None) != np.float64:
        raise BrokenRuleError("start_s is not a float64 NumPy array")
    return "float32"


def _shape(subject: Subject) -> str:
    vectors, start_s = subject.answer(subject.recording)
    segments = subject.segments(subject.recording)
    rows = len(segments) if start_s is None else np.size(cast(Any, start_s))
    shape, wanted = _require_numbers(vectors).shape, (rows, subject.spec.dim)
    if shape != wanted:
        raise BrokenRuleError(f"{shape}, not {wanted}")
    return f"{wanted[0]} x {wanted[1]}"


def _finite(subject: Subject) -> str:
    bad = np.count_nonzero(~np.isfinite(subject.vectors(subject.recording)).all(axis=1))
    if bad:
        raise BrokenRuleError(f"{bad} vectors hold NaN or infinity")
    return "no NaN, no infinity"


def _unit_norm(subject: Subject) -> str:
    norms = np.linalg.norm(subject.vectors(subject.recording), axis=1)
    span = f"lengths from {norms.min():.6g} to {norms.max():.6g}" if len(norms) else "no vectors"
    if not subject.spec.unit_norm:
        return f"not declared; {span}"
    empty = (norms == 0) & subject.spec.may_be_zero
    if not (empty | (np.abs(norms - 1) <= 1e-3)).all() or empty.all():
        raise BrokenRuleError(span)
    return span


def _deterministic(subject: Subject) -> str:
    first = subject.vectors(subject.recording)
    subject.vectors(subject.other)
    again = subject.vectors(subject.recording)
    if first.shape != again.shape or first.tobytes() != again.tobytes():
        raise BrokenRuleError("the same audio gave other bytes the second time")
    return "same bytes after other audio"


def _batch_invariant(subject: Subject) -> str:
    spec = subject.spec
    if spec.front_end == "track":
        return "not tried: sees one recording at a time"
    if spec.batch_segments is not None:
        return f"not tried: declares batches of {spec.batch_segments}"
    together = _require_numbers(subject.embed(subject.segments(subject.recording)))
    alone = [
        _require_numbers(subject.embed(one[None])) for one in subject.segments(subject.recording)
    ]
    if len(together) != len(alone) or any(one.shape != (1, together.shape[1]) for one in alone):
        raise BrokenRuleError("a segment on its own does not give one vector")
    apart = np.linalg.norm(together - np.concatenate(alone), axis=1)
    apart /= np.maximum(np.linalg.norm(together, axis=1), 1e-9)
    if not apart.max() <= BATCH_TOLERANCE:
        raise BrokenRuleError(
            f"a segment's vector moves by {apart.max():.2g} with the others in its batch"
        )
    return f"moves by {apart.max():.1g} at most"


def _input_unchanged(subject: Subject) -> str:
    if subject.spec.front_end == "track":
        given = subject.recording.copy()
        subject.answer(given)
        before = subject.recording
    else:
        before, given = (subject.segments(subject.recording) for _ in range(2))
        subject.embed(given)
    if not np.array_equal(given, before):
        raise BrokenRuleError("what was handed over has been written to")
    return "unchanged"


def _silence(subject: Subject) -> str:
    spec = subject.spec
    seconds = max(SILENCE_S, spec.segment_s + spec.hop_s)
    vectors = subject.vectors(np.zeros(round(seconds * spec.sample_rate_hz), np.float32))
    norms = np.linalg.norm(vectors, axis=1)
    if not np.isfinite(vectors).all():
        raise BrokenRuleError("silence gives NaN or infinity")
    if spec.unit_norm and not ((norms == 0) | (np.abs(norms - 1) <= 1e-3)).all():
        raise BrokenRuleError(f"silence gives vectors of length {norms.min():.3g}, neither 0 nor 1")
    return "zeros" if (norms == 0).all() else "finite"


def _hop(subject: Subject) -> str:
    spec = subject.spec
    seconds = len(subject.recording) / spec.sample_rate_hz
    declared = 1 + int((seconds - spec.segment_s) // spec.hop_s)
    (found,) = fingerprint_tracks(subject.fingerprinter, subject.name, [subject.recording])
    count = len(found.start_s)
    # A front end may lose or pad a frame or two at each end; drift is another matter.
    if abs(count - declared) > max(1, 0.05 * declared):
        raise BrokenRuleError(f"{seconds:g} s give {count} vectors; the spec says {declared}")
    if count > 1:
        hop_s = (found.start_s[-1] - found.start_s[0]) / (count - 1)
        if abs(hop_s - spec.hop_s) > 0.01 * spec.hop_s:
            raise BrokenRuleError(f"start times are {hop_s:.4g} s apart, not {spec.hop_s:g} s")
    return f"{count} vectors in {seconds:g} s"


def _throughput(subject: Subject) -> str:
    repeats = 4
    start = time.perf_counter()
    for _ in fingerprint_tracks(subject.fingerprinter, subject.name, [subject.recording] * repeats):
        pass
    took_s = time.perf_counter() - start
    heard_s = repeats * len(subject.recording) / subject.spec.sample_rate_hz
    return f"{heard_s / took_s:.0f} x real time"


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
    "throughput": _throughput,
}
"""What is tried, in this order; each returns its finding or raises."""
