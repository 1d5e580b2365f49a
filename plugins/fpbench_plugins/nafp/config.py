"""Settings of a NAFP fingerprint, with the published values as defaults."""

from dataclasses import dataclass
from typing import Literal

from fpbench import FingerprintSpec
from fpbench_plugins.building_blocks.encoders.separable_layout import EncoderConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class NafpConfig:
    """Equal configs and weights give equal fingerprints.

    Args:
        n_fft: Length of window and transform, in samples.
        frame_hop_samples: Hop between spectrogram frames.
        pad_samples: Zeros on both sides of a segment.
        offset: Added to mel magnitudes before the logarithm.
        feature: ``melspec``: log10 relative to the loudest cell, so at most 0.
            ``melspec_maxnorm``: that range scaled to [-1, 1].
        normalise: Where the loudest cell is taken from. ``segment``: from the segment, so that a
            fingerprint depends on its own segment only. ``batch``: from ``batch_segments``
            neighbouring segments, across the borders of files, as in the official generator, so
            that a fingerprint depends on its neighbours. Both agree with the official code, the
            first with a batch size of 1.
        width: Channels of the network's first block.
    """

    sample_rate_hz: int = 8_000
    segment_s: float = 1.0
    hop_s: float = 0.5
    n_fft: int = 1024
    frame_hop_samples: int = 256
    pad_samples: int = 512
    n_mels: int = 256
    f_min_hz: float = 300.0
    f_max_hz: float = 4_000.0
    offset: float = 0.06
    feature: Literal["melspec", "melspec_maxnorm"] = "melspec"
    normalise: Literal["segment", "batch"] = "segment"
    batch_segments: int = 125
    width: int = 128
    dim: int = 128
    slice_hidden: int = 32

    def __post_init__(self) -> None:
        if not 0 <= self.f_min_hz < self.f_max_hz <= self.sample_rate_hz / 2:
            raise ValueError(
                "f_min_hz must be below f_max_hz, and f_max_hz at most half the sample rate"
            )
        if self.hop_s <= 0 or self.segment_s <= 0 or self.batch_segments < 1:
            raise ValueError("hop_s, segment_s and batch_segments must be above 0")
        if self.offset < 0:
            raise ValueError("offset must not be below 0")
        sizes = (self.n_fft, self.frame_hop_samples, self.n_mels, self.width, self.dim)
        if min(*sizes, self.slice_hidden) < 1:
            raise ValueError("all sizes must be at least 1")

    @property
    def spec(self) -> FingerprintSpec:
        return FingerprintSpec(
            sample_rate_hz=self.sample_rate_hz,
            segment_s=self.segment_s,
            hop_s=self.hop_s,
            dim=self.dim,
            short="pad",
            batch_segments=self.batch_segments if self.normalise == "batch" else None,
        )

    @property
    def encoder(self) -> EncoderConfig:
        padded = self.spec.samples + 2 * self.pad_samples
        return EncoderConfig(
            mels=self.n_mels,
            frames=(padded - self.n_fft) // self.frame_hop_samples + 1,
            width=self.width,
            dim=self.dim,
            slice_hidden=self.slice_hidden,
            slice_norm=False,
        )


PUBLISHED = NafpConfig()

ARCHITECTURE = ("n_mels", "width", "dim", "slice_hidden")
"""Fields that decide the network. A weights file holds their values, which override ``--set``."""
