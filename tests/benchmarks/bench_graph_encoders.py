"""How fast GraFPrint and PeakNetFP are, against the authors' arrangement in plain torch.

Run as a script for the table of ratios, or with pytest. Baseline and ours alternate in one run, on
the same audio, with the published sizes and fresh weights; what they compute is the same. The
script counts processor time, in which a busy machine shows less; OMP_NUM_THREADS=1 keeps threads
that wait for each other out of it.
"""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
import torch
from fresh import fresh_weights
from torch import Tensor, nn
from torch.nn.functional import conv2d, normalize, relu

from fpbench import Settings, Vectors
from fpbench_plugins import grafprint, peaknetfp
from fpbench_plugins.building_blocks.encoders.weights import build_empty, weights_rng
from fpbench_plugins.grafprint import config as grafprint_config
from fpbench_plugins.grafprint import front_end as grafprint_front_end
from fpbench_plugins.grafprint import network as grafprint_network
from fpbench_plugins.peaknetfp import config as peaknetfp_config
from fpbench_plugins.peaknetfp import front_end as peaknetfp_front_end
from fpbench_plugins.peaknetfp import network as peaknetfp_network
from fpbench_plugins.peaknetfp import peaks as peaknetfp_peaks

REPEATS = 3

Embed = Callable[[], Vectors]


@dataclass(frozen=True, slots=True)
class Contest:
    """One encoder, twice: as its authors arrange it, and ours for a dtype."""

    baseline: Callable[[], Embed]
    ours: Callable[[Settings], Embed]


def music_like(samples: int, sample_rate_hz: int) -> np.ndarray:
    """Notes of a quarter of a second and noise: spectra with peaks, unlike noise alone."""
    rng = np.random.default_rng(0)
    time_s = np.arange(samples) / sample_rate_hz
    note = (time_s * 4).astype(int)
    pitches_hz = rng.uniform(80, sample_rate_hz / 5, (note[-1] + 1, 4))[note]
    tones = np.sin(2 * np.pi * pitches_hz * time_s[:, None]).mean(axis=1)
    return (0.4 * tones + 0.02 * rng.standard_normal(samples)).astype(np.float32)


def grafprint_audio() -> np.ndarray:
    return music_like(7 * 16_000, 16_000)  # 63 segments


def plain_grafprint() -> Embed:
    """All segments of a file in one batch, as the official scripts have it."""
    config = grafprint_config.PUBLISHED
    network = build_empty(partial(grafprint_network.GrafprintNetwork, config))
    grafprint_network.initialise(network, weights_rng(0))
    network.eval()
    bank = torch.from_numpy(grafprint_front_end.htk_filterbank(16_000, 1024, 64))
    samples = torch.from_numpy(grafprint_audio())

    @torch.no_grad()
    def embed() -> Vectors:
        spectrogram = grafprint_front_end.log_mel(samples, bank, 512)
        return network(grafprint_front_end.segment_windows(spectrogram, 32, 3)).numpy()

    return embed


def our_grafprint(settings: Settings) -> Embed:
    fingerprinter = grafprint.create(settings)
    samples = grafprint_audio()
    return lambda: fingerprinter.fingerprint(samples).vectors


def peaknetfp_segments() -> np.ndarray:
    return music_like(128 * 8_000, 8_000).reshape(128, 8_000)


class PlainPeakNetFp(nn.Module):
    """Channels first, every group's members copied out, balls found by sorting all indices."""

    def __init__(self) -> None:
        super().__init__()
        config = peaknetfp_config.PUBLISHED
        ours = build_empty(partial(peaknetfp_network.PeakNetFpNetwork, config))
        peaknetfp_network.initialise(ours, weights_rng(0))
        self.ours, self.config = ours, config

    def forward(self, points: Tensor) -> Tensor:
        config = self.config
        first = points[:, : config.centroids_1]
        features = self.abstracted(self.ours.layer1, points, None, first)
        second = first[:, : config.centroids_2]
        features = self.abstracted(self.ours.layer2, first, features, second)
        x = torch.cat((second, features), dim=2).transpose(1, 2)[..., None]
        return normalize(self.convolved(x, self.ours.layer3).amax(dim=2)[..., 0])

    def abstracted(
        self,
        layer: peaknetfp_network.SetAbstraction,
        points: Tensor,
        features: Tensor | None,
        centroids: Tensor,
    ) -> Tensor:
        described = []
        for scale, perceptron in zip(layer.scales, layer.perceptrons, strict=True):
            members = self.members(points, centroids, scale.radius, scale.group_size)
            rows = torch.arange(len(points))[:, None, None]
            x = (points[rows, members] - centroids[:, :, None]) / scale.radius
            if features is not None:
                x = torch.cat((features[rows, members], x), dim=3)
            described.append(self.convolved(x.permute(0, 3, 2, 1), perceptron).amax(dim=2))
        return torch.cat(described, dim=1).transpose(1, 2)

    def members(self, points: Tensor, centroids: Tensor, radius: float, size: int) -> Tensor:
        count = points.shape[1]
        distances = peaknetfp_network.squared_distances(centroids, points)
        index = torch.arange(count).expand(distances.shape).clone()
        index[distances > radius**2] = count
        index = index.sort(dim=2)[0][:, :, :size]
        return torch.where(index == count, index[:, :, :1], index)

    def convolved(self, x: Tensor, perceptron: peaknetfp_network.Perceptron) -> Tensor:
        for weight in perceptron.weights:
            x = relu(conv2d(x, weight[:, :, None, None]))
        return x


def plain_peaknetfp() -> Embed:
    network, config = PlainPeakNetFp(), peaknetfp_config.PUBLISHED
    bank = peaknetfp_front_end.filterbank(config)
    segments = torch.from_numpy(peaknetfp_segments())

    @torch.no_grad()
    def embed() -> Vectors:
        images = peaknetfp_front_end.levels(segments, bank, config)
        return network(points_by_sorting(images)).numpy()

    return embed


def points_by_sorting(images: Tensor) -> Tensor:
    is_peak = peaknetfp_peaks.peak_cells(images).flatten(1)
    amplitudes = images.flatten(1).where(is_peak, -1)
    amplitudes, cells = amplitudes.sort(dim=1, descending=True, stable=True)
    place = torch.arange(256) % is_peak.sum(dim=1, keepdim=True).clamp(max=256)
    cells, amplitudes = cells.gather(1, place), amplitudes.gather(1, place)
    return torch.stack((cells // 32 / 255, cells % 32 / 31, amplitudes), dim=2)


def our_peaknetfp(settings: Settings) -> Embed:
    return partial(peaknetfp.create(settings).embed, peaknetfp_segments())


CONTESTS = {
    "grafprint": Contest(plain_grafprint, our_grafprint),
    "peaknetfp": Contest(plain_peaknetfp, our_peaknetfp),
}


@pytest.mark.parametrize("arrangement", ["baseline", "float32", "bfloat16"])
@pytest.mark.parametrize("name", CONTESTS)
def test_speed(benchmark: Callable[..., object], name: str, arrangement: str) -> None:
    benchmark(embedders(name)[arrangement])


def embedders(name: str) -> dict[str, Embed]:
    contest, weights = CONTESTS[name], fresh_weights(name)
    return {
        "baseline": contest.baseline(),
        "float32": contest.ours(Settings(weights=weights)),
        "bfloat16": contest.ours(Settings(dtype="bfloat16", weights=weights)),
    }


def main() -> None:
    print(f"{torch.get_num_threads()} threads; medians of {REPEATS}")
    for name in sys.argv[1:] or CONTESTS:
        contestants = embedders(name)
        vectors = {arrangement: embed() for arrangement, embed in contestants.items()}
        seconds: dict[str, list[float]] = {arrangement: [] for arrangement in contestants}
        for _ in range(REPEATS):
            for arrangement, embed in contestants.items():
                started = time.process_time()
                embed()
                seconds[arrangement].append(time.process_time() - started)
        base = statistics.median(seconds["baseline"])
        for arrangement, times in seconds.items():
            median = statistics.median(times)
            distances = 1 - (vectors[arrangement] * vectors["baseline"]).sum(axis=1)
            print(
                f"{name:10} {arrangement:9} {1e3 * median / len(distances):8.3f} ms/segment "
                f"{base / median:6.2f} x  cosine distance at most {distances.max():.1e}"
            )


if __name__ == "__main__":
    main()
