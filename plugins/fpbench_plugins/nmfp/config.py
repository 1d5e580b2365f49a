"""Settings of an NMFP fingerprint, with the published values as defaults."""

from dataclasses import dataclass
from typing import Literal

from fpbench import FingerprintSpec
from fpbench_plugins.building_blocks.encoders.separable_layout import EncoderConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class NmfpConfig:
    """Equal configs and weights give equal fingerprints.

    Args:
        hop_s: Time between fingerprints, at most ``segment_s``.
        n_fft: Length of window and transform, in samples.
        frame_hop_samples: Hop between spectrogram frames. The first frame is centred on the first
            sample of the segment, the last on the first multiple of the hop after its end.
        mel_edges: ``float32``: summed step by step in single precision, like the library of the
            authors with which the weights were trained. ``exact``: without its error of 1e-4.
        floor: Smallest mel magnitude. It is absolute, so very quiet segments depend on the level.
        dynamic_range_db: Range below the segment's loudest cell that is scaled to [-1, 1].
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
            raise ValueError(
                "f_min_hz must be below f_max_hz, and f_max_hz at most half the sample rate"
            )
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
