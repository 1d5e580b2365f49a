"""Fingerprinters: turn audio into fingerprints."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Float64

Samples = Float32[np.ndarray, " samples"]
"""Mono audio, amplitudes nominally in [-1, 1]."""

Segments = Float32[np.ndarray, "batch samples"]
"""Stretches of mono audio of equal length, one per row."""

Vectors = Float32[np.ndarray, "batch dim"]
"""Fingerprints, one per row, of length 1 unless the spec says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprintSpec:
    """Input and output of a fingerprinter.

    Args:
        sample_rate_hz: Sample rate of the audio that the fingerprinter takes.
        segment_s: Length of the audio behind one fingerprint.
        hop_s: Time between the starts of consecutive fingerprints.
        dim: Number of entries of a vector.
        unit_norm: Whether vectors have length 1 (a silent segment may give the zero vector).
        may_be_zero: Whether other segments may give the zero vector, too, as a network that ends in
            a ReLU may do. The zero vector scores 0 with every vector, and ties count as misses.
        front_end: ``segment``: :class:`Fingerprinter`, for which the harness cuts segments.
            ``track``: :class:`TrackFingerprinter`, which gets the whole recording.
        short: ``pad`` a track shorter than a segment with zeros to one segment, or ``skip`` it. The
            incomplete last segment of a longer track is always dropped.
        batch_segments: Set only if the rows of a batch influence each other. ``embed`` then gets
            exactly this many consecutive segments, also across tracks; only the last batch may be
            smaller.
        resampler: Resampler to ``sample_rate_hz``: ``soxr``, or ``sinc-hann``, which is
            torchaudio's, for encoders that must get the same samples as in their authors' code.
        query_padding: Number of zero samples to append to a query, for a front end that needs more
            than one segment of audio.
        dtype: Dtype of the arithmetic, for results, if it is not that of ``Settings.dtype``: for a
            plugin with a dtype of its own, or an object. Vectors are always float32.
    """

    sample_rate_hz: int
    segment_s: float
    dim: int
    hop_s: float = 0.5
    unit_norm: bool = True
    may_be_zero: bool = False
    front_end: Literal["segment", "track"] = "segment"
    short: Literal["pad", "skip"] = "skip"
    batch_segments: int | None = None
    resampler: Literal["soxr", "sinc-hann"] = "soxr"
    query_padding: int = 0
    dtype: Literal["float16", "bfloat16", "float32", "float64"] | None = None

    def __post_init__(self) -> None:
        if min(self.sample_rate_hz, self.samples, self.hop_samples, self.dim) < 1:
            raise ValueError(
                f"sample_rate_hz={self.sample_rate_hz}, segment_s={self.segment_s}, "
                f"hop_s={self.hop_s} and dim={self.dim} must be positive"
            )

    @property
    def samples(self) -> int:
        """Samples in a segment."""
        return round(self.segment_s * self.sample_rate_hz)

    @property
    def hop_samples(self) -> int:
        """Samples between the starts of neighbouring segments."""
        return round(self.hop_s * self.sample_rate_hz)


@runtime_checkable
class Fingerprinter(Protocol):
    """Turns segments into fingerprints, independently of each other (see ``batch_segments``)."""

    @property
    def spec(self) -> FingerprintSpec: ...

    def embed(self, segments: Segments, /) -> Vectors:
        """Return one vector per segment, in the same order; leave ``segments`` unchanged."""
        ...


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """The fingerprints of one track.

    Args:
        vectors: Fingerprints in order of time.
        start_s: Start time of each segment in the track.
    """

    vectors: Vectors
    start_s: Float64[np.ndarray, " batch"]


@runtime_checkable
class TrackFingerprinter(Protocol):
    """Turns a whole recording into fingerprints."""

    @property
    def spec(self) -> FingerprintSpec: ...

    def fingerprint(self, samples: Samples, /) -> Fingerprints:
        """Return all fingerprints of one recording; none if it is too short."""
        ...


AnyFingerprinter = Fingerprinter | TrackFingerprinter

Recording = Float32[np.ndarray, " _"]
"""Like ``Samples``, for several recordings of different lengths."""
