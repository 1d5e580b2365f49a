"""Fingerprinters: audio in, fingerprints out."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Float64

Samples = Float32[np.ndarray, " samples"]
"""Mono audio, amplitudes nominally in [-1, 1]."""


Segments = Float32[np.ndarray, "batch samples"]
"""Equally long stretches of mono audio, one per row."""


Vectors = Float32[np.ndarray, "batch dim"]
"""Fingerprints, one per row; of length 1 unless the spec says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprintSpec:
    """What the harness must know to feed a fingerprinter and to read its vectors.

    Args:
        sample_rate_hz: Of the audio that the fingerprinter takes.
        segment_s: Stretch of audio behind one fingerprint.
        hop_s: Between the starts of neighbouring fingerprints.
        dim: Length of a vector.
        unit_norm: Whether vectors have length 1 (a silent segment may give the zero vector).
        may_be_zero: Whether other segments may give the zero vector, too, as a network that ends in
            a ReLU now and then does. It scores 0 with everything, and ties count against it.
        front_end: ``segment``: :class:`Fingerprinter`, the harness cuts. ``track``:
            :class:`TrackFingerprinter`, the front end sees the whole recording.
        short: What happens to a track shorter than a segment: ``pad`` with zeros to one segment,
            or ``skip`` it. Incomplete tails of longer tracks are always dropped.
        batch_segments: Set only where the rows of a batch influence each other: ``embed`` then gets
            exactly this many consecutive segments, across track borders, the last batch smaller.
        resampler: What brings audio of other rates to ``sample_rate_hz``: ``soxr``, or
            ``sinc-hann``, torchaudio's, where an encoder must see what its authors' code saw.
        query_padding: Samples of silence to append to a query, for a front end that takes only
            what is longer than a segment.
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
    """Turns segments into fingerprints, each row on its own (see ``batch_segments``)."""

    @property
    def spec(self) -> FingerprintSpec: ...

    def embed(self, segments: Segments, /) -> Vectors:
        """One vector per segment, in the same order; ``segments`` is left unchanged."""
        ...


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """The fingerprints of one track.

    Args:
        vectors: In order of time.
        start_s: Where each one's segment starts, in seconds from the start of the track.
    """

    vectors: Vectors
    start_s: Float64[np.ndarray, " batch"]


@runtime_checkable
class TrackFingerprinter(Protocol):
    """Turns a whole recording into fingerprints."""

    @property
    def spec(self) -> FingerprintSpec: ...

    def fingerprint(self, samples: Samples, /) -> Fingerprints:
        """All fingerprints of one recording; none if it is too short."""
        ...


AnyFingerprinter = Fingerprinter | TrackFingerprinter


Recording = Float32[np.ndarray, " _"]
"""Like ``Samples``, where there are several of different lengths."""
