"""GraFPrint's network: patches of a spectrogram are nodes of a graph, which each layer rebuilds.

Nodes have the authors' layout, (batch, channels, nodes, 1) with 1x1 convolutions, because float32
sums in another order give other neighbours. :mod:`.fast` has a faster layout.
"""

import math
from itertools import pairwise

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn.functional import batch_norm, elu, leaky_relu, normalize, relu

from fpbench_plugins.grafprint.config import GrafprintConfig

GROUPS = 4  # of the max-relative layer
SLOPE = 0.2  # of the stem's leaky ReLU

Nodes = Float[Tensor, "batch channels nodes 1"]


class GrafprintNetwork(nn.Module):
    """Log-mel segments to fingerprints. Source: Bhattacharjee et al. 2025, arXiv 2410.10994."""

    def __init__(self, config: GrafprintConfig) -> None:
        super().__init__()
        self.patches = PatchEmbedding(
            config.n_mels, config.n_frames, config.n_filters, config.peak_stride
        )
        self.encoder = GraphEncoder(
            config.n_filters, config.channels, config.blocks, config.neighbours, config.hidden_dim
        )
        hidden = config.dim * config.head_units
        self.project_in = nn.Linear(config.hidden_dim, hidden)
        self.project_out = nn.Linear(hidden, config.dim)

    def forward(self, segments: Float[Tensor, "batch mels frames"]) -> Float[Tensor, "batch dim"]:
        hidden = self.encoder(self.patches(min_max_scale(segments)))
        return normalize(self.project_out(elu(self.project_in(hidden))))


class PatchEmbedding(nn.Module):
    """A strided convolution over the spectrogram and two ramps that encode the position."""

    def __init__(self, n_mels: int, n_frames: int, filters: int, stride: int) -> None:
        super().__init__()
        self.n_mels, self.n_frames = n_mels, n_frames
        self.conv = nn.Conv2d(3, filters, 7, stride=(stride, 1), padding=3)

    def forward(self, scaled: Float[Tensor, "batch mels frames"]) -> Nodes:
        """Node ``n_frames * row + frame`` is one point of the convolution's output."""
        time = torch.linspace(0, 1, self.n_frames).to(scaled)
        frequency = torch.linspace(0, 1, self.n_mels).to(scaled)[:, None]
        image = torch.stack((time.expand_as(scaled), frequency.expand_as(scaled), scaled), dim=1)
        return relu(self.conv(image)).flatten(2)[..., None]


class GraphEncoder(nn.Module):
    """Stages of graph blocks. Between stages, the nodes halve and the channels grow."""

    def __init__(
        self,
        filters: int,
        widths: tuple[int, ...],
        blocks: tuple[int, ...],
        neighbours: int,
        hidden_dim: int,
    ) -> None:
        super().__init__()
        self.stem = nn.Conv2d(filters, widths[0], 1, bias=False)
        self.stem_norm = NodeNorm(widths[0])
        self.stages = nn.Sequential(
            *(
                nn.Sequential(*(Block(width, neighbours) for _ in range(count)))
                for width, count in zip(widths, blocks, strict=True)
            )
        )
        self.downsamples = nn.ModuleList(Downsample(*pair) for pair in pairwise(widths))
        self.widen = nn.Conv2d(widths[-1], hidden_dim, 1)

    def forward(self, nodes: Nodes) -> Float[Tensor, "batch hidden"]:
        x = leaky_relu(self.stem_norm(self.stem(nodes)), SLOPE)
        for i, stage in enumerate(self.stages):
            x = stage(self.downsamples[i - 1](x) if i > 0 else x)
        wide: Nodes = self.widen(x)
        return wide.mean(dim=(2, 3))


class Block(nn.Module):
    """A graph layer and a two-layer perceptron, each added to its input."""

    def __init__(self, width: int, neighbours: int) -> None:
        super().__init__()
        self.graph = MaxRelativeGraph(width, neighbours)
        self.expand = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.expand_norm = NodeNorm(4 * width)
        self.contract = nn.Conv2d(4 * width, width, 1, bias=False)
        self.contract_norm = NodeNorm(width)

    def forward(self, x: Nodes) -> Nodes:
        x = self.graph(x)
        hidden = relu(self.expand_norm(self.expand(x)))
        out: Nodes = self.contract_norm(self.contract(hidden)) + x
        return out


class MaxRelativeGraph(nn.Module):
    """Compares each node with its nearest nodes, channel by channel."""

    def __init__(self, width: int, neighbours: int) -> None:
        super().__init__()
        self.neighbours = neighbours
        self.inward = nn.Conv2d(width, width, 1)
        self.inward_norm = NodeNorm(width)
        self.relate = nn.Conv2d(2 * width, 2 * width, 1, groups=GROUPS)
        self.relate_norm = NodeNorm(2 * width)
        self.outward = nn.Conv2d(2 * width, width, 1)
        self.outward_norm = NodeNorm(width)

    def forward(self, x: Nodes) -> Nodes:
        y = self.inward_norm(self.inward(x))
        r = max_relative(y, nearest_nodes(y, self.neighbours))
        # Interleaved, so that each group of the next layer gets y and r of the same channels.
        pairs = torch.stack((y, r), dim=2).flatten(1, 2)
        hidden = relu(self.relate_norm(self.relate(pairs)))
        out: Nodes = self.outward_norm(self.outward(hidden)) + x
        return out


class Downsample(nn.Module):
    """Merges three neighbouring nodes, with stride 2.

    The nodes form one line, so only the middle column of the 3x3 kernel reads data.
    """

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, width_out, 3, stride=2, padding=1)
        self.norm = NodeNorm(width_out)

    def forward(self, x: Nodes) -> Float[Tensor, "batch wider fewer 1"]:
        merged: Nodes = self.norm(self.conv(x))
        return merged


class NodeNorm(nn.Module):
    """Batch norm over all nodes of all segments.

    Without running statistics (see :func:`use_batch_statistics`), evaluation also uses those of
    the batch.
    """

    weight: nn.Parameter
    bias: nn.Parameter
    running_mean: Tensor | None
    running_var: Tensor | None

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width))
        self.bias = nn.Parameter(torch.empty(width))
        self.register_buffer("running_mean", torch.empty(width))
        self.register_buffer("running_var", torch.empty(width))

    def reset(self) -> None:
        """Set the norm to the identity for standard normal input."""
        for name, value in self.state_dict().items():
            value.fill_(1 if name in ("weight", "running_var") else 0)

    def forward(self, x: Nodes) -> Nodes:
        own = self.training or self.running_mean is None
        return batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, own)


def use_batch_statistics(network: nn.Module) -> None:
    """Drop the running statistics. The output of a segment then depends on its batch."""
    for module in network.modules():
        if isinstance(module, NodeNorm):
            module.running_mean = module.running_var = None


def has_range(segments: Float[Tensor, "batch mels frames"]) -> Bool[Tensor, " batch"]:
    """Which segments can be scaled: those that are finite and not of constant level."""
    spread = segments.amax(dim=(1, 2)) - segments.amin(dim=(1, 2))
    return torch.isfinite(spread) & (spread > 0)


def min_max_scale(
    segments: Float[Tensor, "batch mels frames"],
) -> Float[Tensor, "batch mels frames"]:
    """Scale each segment to [0, 1]. A segment of constant level becomes NaN."""
    low = segments.amin(dim=(1, 2), keepdim=True)
    high = segments.amax(dim=(1, 2), keepdim=True)
    return (segments - low) / (high - low)


@torch.no_grad()
def nearest_nodes(nodes: Nodes, k: int) -> Int64[Tensor, "batch nodes {k}"]:
    """The k nearest nodes of the same segment by direction, usually the node itself first."""
    v = normalize(nodes, dim=1)[..., 0].transpose(1, 2)
    squares = (v * v).sum(dim=2, keepdim=True)
    distances = squares - 2 * (v @ v.transpose(1, 2)) + squares.transpose(1, 2)
    return distances.topk(k, dim=2, largest=False).indices


def max_relative(nodes: Nodes, nearest: Int64[Tensor, "batch nodes k"]) -> Nodes:
    """By how much the largest of the nearest nodes exceeds each node, channel by channel."""
    channels, k = nodes.shape[1], nearest.shape[2]
    index = nearest[:, None].expand(-1, channels, -1, -1)
    neighbours = nodes.expand(-1, -1, -1, k).gather(2, index)
    return (neighbours - nodes).amax(dim=3, keepdim=True)


@torch.no_grad()
def initialise(network: GrafprintNetwork, rng: torch.Generator) -> None:
    """Draw fresh weights as in the official code: torch's defaults but for two kinds of layers."""
    for module in network.modules():
        if isinstance(module, NodeNorm):
            module.reset()
        if not isinstance(module, nn.Linear | nn.Conv2d):
            continue
        fan_in, fan_out = module.weight[0].numel(), module.weight[:, 0].numel()
        if module is network.patches.conv:
            kaiming(module, fan_out, rng)
        elif isinstance(module, nn.Conv2d) and module.groups > 1:
            kaiming(module, fan_in, rng)
        else:
            bound = 1 / math.sqrt(fan_in)
            nn.init.uniform_(module.weight, -bound, bound, rng)
            if module.bias is not None:
                nn.init.uniform_(module.bias, -bound, bound, rng)


def kaiming(layer: nn.Linear | nn.Conv2d, fan: int, rng: torch.Generator) -> None:
    """Draw normal weights that keep a signal's variance through a ReLU, and set the bias to 0."""
    nn.init.normal_(layer.weight, 0, math.sqrt(2 / fan), rng)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
