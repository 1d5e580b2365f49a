"""How fast segments become fingerprints, against the authors' arrangement in plain torch.

Run as a script for the table of ratios, or with pytest. Baseline and ours alternate in one run, on
the same segments, with the published sizes and fresh weights; what they compute is the same.
"""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from fresh import fresh_weights
from torch import Tensor, nn
from torch.nn.functional import elu, layer_norm, normalize, pad

from fpbench import Fingerprinter, Segments, Settings, Vectors
from fpbench_plugins import nafp, nmfp
from fpbench_plugins.building_blocks.encoders.separable_encoder import (
    NORM_EPSILON,
    SeparableEncoder,
)
from fpbench_plugins.building_blocks.encoders.separable_layout import FRAME_STRIDES, EncoderConfig
from fpbench_plugins.building_blocks.encoders.weights import weights_rng
from fpbench_plugins.nafp import config as nafp_config
from fpbench_plugins.nafp import front_end as nafp_front_end
from fpbench_plugins.nmfp import config as nmfp_config
from fpbench_plugins.nmfp import front_end as nmfp_front_end

SEGMENTS = 128
REPEATS = 5

Embed = Callable[[Segments], Vectors]


@dataclass(frozen=True, slots=True)
class Contest:
    """One encoder, twice: as its authors arrange it, and ours for a dtype."""

    baseline: Callable[[], Embed]
    ours: Callable[[Settings], Fingerprinter]


class PlainEncoder(nn.Module):
    """Channels first, a convolution, an activation and a norm at a time, 128 little networks."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        ours = SeparableEncoder(config)
        ours.initialise(weights_rng(0))
        self.weights = [
            {
                "frame": block.frame_kernel.permute(2, 1, 0)[:, :, None].contiguous(),
                "mel": block.mel_kernel.permute(2, 1, 0)[..., None].contiguous(),
                "frame_norm": block.frame_gamma.permute(2, 0, 1).contiguous(),
                "mel_norm": block.mel_gamma.permute(2, 0, 1).contiguous(),
                "bias": block.mel_bias,
            }
            for block in ours.blocks
        ]
        self.slices = [
            (first, norm, second)
            for first, second, norm in zip(
                ours.divide.hidden_kernel,
                ours.divide.output_kernel,
                [config.slice_norm] * config.dim,
                strict=True,
            )
        ]

    def forward(self, patches: Tensor) -> Tensor:
        x = patches[:, None]
        for weights, stride in zip(self.weights, FRAME_STRIDES, strict=True):
            x = same(x, weights["frame"], weights["bias"], (1, stride))
            x = normed(elu(x), weights["frame_norm"])
            x = same(x, weights["mel"], weights["bias"], (2, 1))
            x = normed(elu(x), weights["mel_norm"])
        parts = x.flatten(1).chunk(len(self.slices), dim=1)
        elements = []
        for part, (first, norm, second) in zip(parts, self.slices, strict=True):
            hidden = elu(part @ first)
            hidden = layer_norm(hidden, hidden.shape[1:], eps=NORM_EPSILON) if norm else hidden
            elements.append(hidden @ second)
        return normalize(torch.cat(elements, dim=1))


def same(x: Tensor, weight: Tensor, bias: Tensor, stride: tuple[int, int]) -> Tensor:
    ends: list[int] = []
    for axis in (3, 2):
        size, step, taps = x.shape[axis], stride[axis - 2], weight.shape[axis]
        total = max((-(-size // step) - 1) * step + taps - size, 0)
        ends += [total // 2, total - total // 2]
    return torch.conv2d(pad(x, ends), weight, bias, stride=stride)


def normed(x: Tensor, gamma: Tensor) -> Tensor:
    return layer_norm(x, x.shape[1:], gamma, torch.zeros_like(gamma), NORM_EPSILON)


def plain(encoder: EncoderConfig, front_end: Callable[[Tensor], Tensor]) -> Embed:
    network = PlainEncoder(encoder)

    @torch.no_grad()
    def embed(segments: Segments) -> Vectors:
        return network(front_end(torch.from_numpy(segments))).numpy()

    return embed


def plain_nafp() -> Embed:
    config = nafp_config.PUBLISHED
    bank = nafp_front_end.filterbank(config)
    return plain(config.encoder, lambda x: nafp_front_end.log_mel(x, bank, config))


def plain_nmfp() -> Embed:
    config = nmfp_config.PUBLISHED
    bank = nmfp_front_end.filterbank(config)
    return plain(config.encoder, lambda x: nmfp_front_end.log_mel(x, bank, config))


CONTESTS = {
    "nafp": Contest(plain_nafp, nafp.create),
    "nmfp": Contest(plain_nmfp, nmfp.create),
}


def noise() -> Segments:
    rng = np.random.default_rng(0)
    return rng.uniform(-0.5, 0.5, (SEGMENTS, 8_000)).astype(np.float32)


@pytest.mark.parametrize("arrangement", ["baseline", "float32", "bfloat16"])
@pytest.mark.parametrize("name", CONTESTS)
def test_speed(benchmark: Callable[..., object], name: str, arrangement: str) -> None:
    benchmark(embedders(name)[arrangement], noise())


def embedders(name: str) -> dict[str, Embed]:
    contest, weights = CONTESTS[name], fresh_weights(name)
    return {
        "baseline": contest.baseline(),
        "float32": contest.ours(Settings(weights=weights)).embed,
        "bfloat16": contest.ours(Settings(dtype="bfloat16", weights=weights)).embed,
    }


def main() -> None:
    segments = noise()
    print(f"{torch.get_num_threads()} threads, {SEGMENTS} segments; medians of {REPEATS}")
    for name in sys.argv[1:] or CONTESTS:
        contestants = embedders(name)
        vectors = {arrangement: embed(segments) for arrangement, embed in contestants.items()}
        seconds: dict[str, list[float]] = {arrangement: [] for arrangement in contestants}
        for _ in range(REPEATS):
            for arrangement, embed in contestants.items():
                started = time.perf_counter()
                embed(segments)
                seconds[arrangement].append(time.perf_counter() - started)
        base = statistics.median(seconds["baseline"])
        for arrangement, times in seconds.items():
            median = statistics.median(times)
            distance = 1 - (vectors[arrangement] * vectors["baseline"]).sum(axis=1).min()
            print(
                f"{name:10} {arrangement:9} {1e3 * median / SEGMENTS:8.3f} ms/segment "
                f"{base / median:6.2f} x  cosine distance at most {distance:.1e}"
            )


if __name__ == "__main__":
    main()
