"""Settings of a PeakNetFP fingerprint, with the published values as defaults."""

from dataclasses import dataclass
from typing import Literal

from fpbench import FingerprintSpec

LAYERS = 3  # of the perceptron for each ball


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakNetFpConfig:
    """Equal configs and weights give equal fingerprints.

    Args:
        n_peaks: Number of points for each segment.
        peak_ordering: ``amplitude_desc``: loudest first. ``none``: by bin, then by frame.
        peak_sampling: What to do with fewer peaks than points. ``tile``: repeat all peaks.
            ``0padding``: add points of zeros.
        norm_coords: Scale bins and frames to [0, 1].
        time_freq_ratio: If above 0, bins are scaled to [0, 1 / ratio] instead.
        use_amplitude: If false, all amplitudes are 1.
        sampling: Which points are centroids: the first (``topn``) or those farthest apart
            (``fps``).
        centroids_1: Number of centroids of the first layer. Likewise for the second.
        radii_1: Radii of the balls around each centroid, one for each scale.
        group_sizes_1: Number of points taken from each ball, one for each scale.
        widths_1: Layer widths of the perceptrons: three for each scale, one scale after another.
        widths_3: Layer widths of the perceptron for all remaining points; ``dim`` follows.
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
    n_peaks: int = 256
    peak_ordering: Literal["amplitude_desc", "none"] = "amplitude_desc"
    peak_sampling: Literal["tile", "0padding"] = "tile"
    norm_coords: bool = True
    time_freq_ratio: float = 0.0
    use_amplitude: bool = True
    sampling: Literal["topn", "fps"] = "topn"
    centroids_1: int = 200
    radii_1: tuple[float, ...] = (0.1, 0.2, 0.3)
    group_sizes_1: tuple[int, ...] = (4, 8, 16)
    widths_1: tuple[int, ...] = (16, 16, 32, 32, 32, 64, 32, 48, 64)
    centroids_2: int = 100
    radii_2: tuple[float, ...] = (0.2, 0.3, 0.4)
    group_sizes_2: tuple[int, ...] = (4, 8, 16)
    widths_2: tuple[int, ...] = (32, 32, 64, 64, 64, 128, 64, 64, 128)
    widths_3: tuple[int, ...] = (128, 256)
    dim: int = 128

    def __post_init__(self) -> None:
        if not 0 < self.centroids_2 <= self.centroids_1 <= self.n_peaks:
            raise ValueError(
                "n_peaks, centroids_1 and centroids_2 must be positive and not increase"
            )
        if not 0 <= self.time_freq_ratio <= 1:
            raise ValueError("time_freq_ratio must be from 0 to 1")
        for scales in (self.scales_1, self.scales_2):
            if any(len(scale.widths) != LAYERS for scale in scales):
                raise ValueError(f"there must be {LAYERS} widths for each radius and group size")

    @property
    def spec(self) -> FingerprintSpec:
        return FingerprintSpec(
            sample_rate_hz=self.sample_rate_hz,
            segment_s=self.segment_s,
            hop_s=self.hop_s,
            dim=self.dim,
            may_be_zero=True,
            short="pad",
        )

    @property
    def scales_1(self) -> "tuple[Scale, ...]":
        return scales(self.radii_1, self.group_sizes_1, self.widths_1)

    @property
    def scales_2(self) -> "tuple[Scale, ...]":
        return scales(self.radii_2, self.group_sizes_2, self.widths_2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A size of ball around a centroid, and the widths of the perceptron for its points."""

    radius: float
    group_size: int
    widths: tuple[int, ...]


def scales(
    radii: tuple[float, ...], group_sizes: tuple[int, ...], widths: tuple[int, ...]
) -> tuple[Scale, ...]:
    """The scales of one layer.

    Raises:
        ValueError: The numbers of radii and of group sizes differ.
    """
    return tuple(
        Scale(radius=radius, group_size=size, widths=widths[LAYERS * i : LAYERS * (i + 1)])
        for i, (radius, size) in enumerate(zip(radii, group_sizes, strict=True))
    )


PUBLISHED = PeakNetFpConfig()

ARCHITECTURE = (
    "n_peaks",
    "centroids_1",
    "radii_1",
    "group_sizes_1",
    "widths_1",
    "centroids_2",
    "radii_2",
    "group_sizes_2",
    "widths_2",
    "widths_3",
    "dim",
)
"""Fields that decide the network. A weights file holds their values, which override ``--set``."""
