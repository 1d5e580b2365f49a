"""Everything that shapes a GraFPrint fingerprint, with the published values."""

from dataclasses import dataclass
from typing import Literal

from fpbench import FingerprintSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class GrafprintConfig:
    """Equal configs and weights give equal fingerprints.

    Args:
        segment_s: A recording must be longer than this to be fingerprinted.
        overlap: Of neighbouring segments; sets the hop, see :attr:`hop_frames`.
        batch_norm: ``running``: normalise with the statistics stored in training, so that a
            segment's fingerprint is its own. ``batch``: with those of the other segments of the
            same file, as the official scripts do, and with them most likely the published numbers.
        chunk_segments: ``batch_norm=batch``: that many segments of a file share statistics.
        silence: A segment of constant level has no range to be scaled by. ``zero``: it gets the
            zero vector and is left out of batch statistics. ``nan``: it gets NaN and, through
            batch statistics, makes NaN of its whole chunk, as in the official code.
        resampler: ``sinc-hann`` is the official one.
        exact_stages: With the dtype ``bfloat16``, so many stages stay in float32. On real music the
            vectors of a network of random weights, which is as sensitive as one can be, move by a
            median cosine distance of 1e-3 with 2 and 6e-5 with 3, which takes 1.5 times as long;
            those of a freshly initialised one by 1e-6 with either.
        channels: Widths of the encoder's stages; each halves the number of nodes of the last.
        blocks: Graph blocks in each stage.
        neighbours: Of a node in the graph, itself counted.
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
            raise ValueError(f"overlap {self.overlap} leaves no hop")

    @property
    def hop_frames(self) -> int:
        """Spectrogram frames between the starts of segments: 3 for an overlap of 0.9, not 3.2."""
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
"""The fields that weights are made for; a weights file says them and wins over ``--set``."""
