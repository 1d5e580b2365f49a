"""Everything that shapes an NMFP fingerprint, with the published values."""

from dataclasses import dataclass
from typing import Literal

from fpbench import FingerprintSpec
from fpbench_plugins.building_blocks.encoders.separable_layout import EncoderConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class NmfpConfig:
    """Equal configs and weights give equal fingerprints.

    Args:
        hop_s: Between fingerprints, at most a segment.
        n_fft: Window and transform, in samples.
        frame_hop_samples: Between spectrogram frames, the first of which is centred on the
            segment's first sample, the last on the first multiple past its end.
        mel_edges: ``float32``: summed up step by step in single precision, as the library of the
            authors does and the weights have seen it. ``exact``: without that drift of 1e-4.
        floor: Smallest mel magnitude; absolute, so that very quiet segments depend on level.
        dynamic_range_db: Below the segment's loudest; stretched to [-1, 1].
        width: Channels of the network's first block.
    """

    sample_rate_hz: int = 8_000
    segment_s: float = 1.0
    hop_s: float = 0.5
    n_fft: int = 1024
    frame_hop_samples: int = 256
    n_mels: int = 256
    f_min_hz: float = 160.0
    f_max_hz: float = 4_000.0
    mel_edges: Literal["float32", "exact"] = "float32"
    floor: float = 1e-5
    dynamic_range_db: float = 80.0
    width: int = 128
    dim: int = 128
    slice_hidden: int = 32

    def __post_init__(self) -> None:
        if not 0 <= self.f_min_hz < self.f_max_hz <= self.sample_rate_hz / 2:
            raise ValueError("f_min_hz must be below f_max_hz, which ends at half the sample rate")
        if not 0 < self.hop_s <= self.segment_s:
            raise ValueError("hop_s must be above 0 and at most segment_s")
        if self.floor <= 0 or self.dynamic_range_db <= 0:
            raise ValueError("floor and dynamic_range_db must be above 0")
        sizes = (self.n_fft, self.frame_hop_samples, self.n_mels, self.width, self.dim)
        if min(*sizes, self.slice_hidden) < 1:
            raise ValueError("all sizes must be at least 1")

    @property
    def frames(self) -> int:
        return -(-self.spec.samples // self.frame_hop_samples) + 1

    @property
    def spec(self) -> FingerprintSpec:
        return FingerprintSpec(
            sample_rate_hz=self.sample_rate_hz,
            segment_s=self.segment_s,
            hop_s=self.hop_s,
            dim=self.dim,
            short="skip",
        )

    @property
    def encoder(self) -> EncoderConfig:
        return EncoderConfig(
            mels=self.n_mels,
            frames=self.frames,
            width=self.width,
            dim=self.dim,
            slice_hidden=self.slice_hidden,
            slice_norm=True,
        )


PUBLISHED = NmfpConfig()

ARCHITECTURE = ("n_mels", "width", "dim", "slice_hidden")
"""Fields that decide the network. A weights file holds their values, which override ``--set``."""
