"""Settings of a GraFPrint fingerprint, with the published values as defaults."""

from dataclasses import dataclass
from typing import Literal

from fpbench import FingerprintSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class GrafprintConfig:
    """Equal configs and weights give equal fingerprints.

    Args:
        segment_s: A recording needs to be longer than this to get a fingerprint.
        overlap: Share that neighbouring segments have in common; see :attr:`hop_frames`.
        batch_norm: ``running``: normalise with the statistics stored in training, so that a
            fingerprint depends on its own segment only. ``batch``: normalise with the statistics
            of segments of the same file, as the official scripts do (and so, most likely, the
            published numbers).
        chunk_segments: With ``batch_norm=batch``, the number of segments that share statistics.
        silence: What a segment of constant level gets, which has no range to scale by. ``zero``:
            the zero vector, and it is left out of batch statistics. ``nan``: NaN, which through
            batch statistics makes its whole chunk NaN, as in the official code.
        resampler: ``sinc-hann`` is the official one.
        exact_stages: With the dtype ``bfloat16``, the number of stages that stay in float32. With
            real music, the vectors of a network with random weights (the most sensitive case) move
            by a median cosine distance of 1e-3 with 2 stages, and of 6e-5 with 3, which takes 1.5
            times as long. Those of a freshly initialised network move by 1e-6 with either.
        channels: Widths of the encoder's stages. Each stage has half the nodes of the one before.
        blocks: Number of graph blocks in each stage.
        neighbours: Number of neighbours of a node in the graph, including itself.
        head_units: Hidden units of the projector for each of the ``dim`` outputs.
    """

    sample_rate_hz: int = 16_000
    segment_s: float = 1.0
    n_fft: int = 1024
    stft_hop_samples: int = 512
    n_mels: int = 64
    n_frames: int = 32
    overlap: float = 0.9
    batch_norm: Literal["running", "batch"] = "running"
    chunk_segments: int = 128
    silence: Literal["zero", "nan"] = "zero"
    resampler: Literal["soxr", "sinc-hann"] = "sinc-hann"
    exact_stages: int = 2
    n_filters: int = 8
    peak_stride: int = 2
    channels: tuple[int, ...] = (64, 128, 256, 512)
    blocks: tuple[int, ...] = (2, 2, 6, 2)
    neighbours: int = 3
    hidden_dim: int = 1024
    head_units: int = 32
    dim: int = 128

    def __post_init__(self) -> None:
        if len(self.channels) != len(self.blocks):
            raise ValueError("channels and blocks must have the same length")
        if self.hop_frames < 1:
            raise ValueError(f"overlap={self.overlap} leaves no hop: it is too close to 1")

    @property
    def hop_frames(self) -> int:
        """Frames from the start of one segment to the next: 3 for an overlap of 0.9, not 3.2."""
        return int(self.n_frames * (1 - self.overlap))

    @property
    def spec(self) -> FingerprintSpec:
        return FingerprintSpec(
            sample_rate_hz=self.sample_rate_hz,
            segment_s=self.segment_s,
            hop_s=self.hop_frames * self.stft_hop_samples / self.sample_rate_hz,
            dim=self.dim,
            front_end="track",
            short="skip",
            resampler=self.resampler,
            query_padding=1,  # the front end drops a recording of exactly one segment
        )


PUBLISHED = GrafprintConfig()

ARCHITECTURE = (
    "n_mels",
    "n_frames",
    "n_filters",
    "peak_stride",
    "channels",
    "blocks",
    "neighbours",
    "hidden_dim",
    "head_units",
    "dim",
)
"""Fields that decide the network. A weights file holds their values, which override ``--set``."""
