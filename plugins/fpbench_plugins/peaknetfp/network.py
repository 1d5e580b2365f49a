"""PeakNetFP's network: PointNet++ on spectral peaks. No biases, no norms, no dropout."""

import math
from typing import cast

import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn
from torch.nn.functional import relu

from fpbench_plugins.building_blocks.compute.fused_linear import fused_linear
from fpbench_plugins.peaknetfp.config import PeakNetFpConfig, Scale
from fpbench_plugins.peaknetfp.grouping import ball_members, farthest_points, squared_distances

Points = Float32[Tensor, "batch points 3"]
Centroids = Float32[Tensor, "batch centroids 3"]

SMALLEST_SQUARE = 1e-12


class PeakNetFpNetwork(nn.Module):
    """Peaks to fingerprints.

    Source: Cortès-Sebastià et al. 2025, arXiv 2506.21086, with several scales in both layers as
        in the authors' code.
    """

    def __init__(self, config: PeakNetFpConfig) -> None:
        super().__init__()
        self.sampling = config.sampling
        self.centroids_1, self.centroids_2 = config.centroids_1, config.centroids_2
        self.layer1 = SetAbstraction(0, config.scales_1)
        self.layer2 = SetAbstraction(self.layer1.channels, config.scales_2)
        self.layer3 = Perceptron(3 + self.layer2.channels, (*config.widths_3, config.dim))

    def reduce_precision(self) -> None:
        """Compute in bfloat16 from now on; coordinates and distances stay in float32."""
        self.to(torch.bfloat16)

    def forward(self, points: Points) -> Float32[Tensor, "batch dim"]:
        first = self._centroids(points)
        features: Tensor = self.layer1(points, None, first)
        second = first[:, : self.centroids_2]
        features = self.layer2(first, features, second)
        z: Tensor = self.layer3(torch.cat((second.to(features.dtype), features), dim=2)).float()
        return z * z.square().sum(dim=1, keepdim=True).clamp(min=SMALLEST_SQUARE).rsqrt()

    def _centroids(self, points: Points) -> Centroids:
        if self.sampling == "topn":
            return points[:, : self.centroids_1]
        chosen = farthest_points(points, self.centroids_1)
        return points.gather(1, chosen[:, :, None].expand(-1, -1, 3))


class SetAbstraction(nn.Module):
    """Computes features of centroids from the points in balls of several sizes around them."""

    def __init__(self, channels_in: int, scales: tuple[Scale, ...]) -> None:
        super().__init__()
        self.scales = scales
        self.perceptrons = nn.ModuleList(
            Perceptron(channels_in + 3, scale.widths) for scale in scales
        )
        self.channels = sum(scale.widths[-1] for scale in scales)

    def forward(
        self,
        points: Points,
        features: Float[Tensor, "batch points channels"] | None,
        centroids: Centroids,
    ) -> Float[Tensor, "batch centroids wider"]:
        batch, count, _ = points.shape
        # With autocast, rounding to 16 bits could put a centroid outside its own ball.
        with torch.autocast(points.device.type, enabled=False):
            distances = squared_distances(centroids, points)
        first_row = torch.arange(batch, device=points.device)[:, None, None] * count
        features_by_scale = []
        for scale, perceptron in zip(
            self.scales, cast(list[Perceptron], self.perceptrons), strict=True
        ):
            rows = first_row + ball_members(distances, scale.radius, scale.group_size)
            offsets = (points.flatten(0, 1)[rows] - centroids[:, :, None]) / scale.radius
            weight: Tensor = perceptron.weights[0]
            hidden = fused_linear(offsets, weight[:, -3:].float()).to(weight.dtype)
            if features is not None:
                # Applied to points before grouping, because there are fewer points than members.
                of_points = fused_linear(features, weight[:, :-3].contiguous())
                hidden = hidden + of_points.flatten(0, 1)[rows]
            features_by_scale.append(perceptron.after_first_layer(relu(hidden)))
        return torch.cat(features_by_scale, dim=2)


class Perceptron(nn.Module):
    """Linear layers with ReLUs, applied to each point, and then the maximum over points."""

    def __init__(self, channels_in: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        inputs = (channels_in, *widths[:-1])
        self.weights = nn.ParameterList(
            torch.empty(*shape) for shape in zip(widths, inputs, strict=True)
        )

    def forward(self, x: Float[Tensor, "*rest points channels"]) -> Float[Tensor, "*rest wider"]:
        return self.after_first_layer(fused_linear(x, self.weights[0], relu=True))

    def after_first_layer(
        self, x: Float[Tensor, "*rest points hidden"]
    ) -> Float[Tensor, "*rest wider"]:
        """Apply the layers after the first."""
        *middle, last = list(self.weights)[1:]
        for weight in middle:
            x = fused_linear(x, weight, relu=True)
        x = fused_linear(x, last)
        # The gradient of amax is divided among equal values, which takes a third of a training
        # step.
        highest = x.max(dim=-2).values if torch.is_grad_enabled() else x.amax(dim=-2)
        # The maximum of ReLUs is the ReLU of the maximum.
        return relu(highest)


def initialise(network: PeakNetFpNetwork, rng: torch.Generator) -> None:
    """Draw fresh weights: Glorot-normal, truncated at two standard deviations."""
    kept = 0.87962566103423978  # of the standard deviation, after truncation
    for weight in network.parameters():
        sigma = math.sqrt(2 / sum(weight.shape)) / kept
        nn.init.trunc_normal_(weight, 0, sigma, -2 * sigma, 2 * sigma, rng)
