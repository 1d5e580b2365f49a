"""GraFPrint's network with nodes as rows: the same function and weights, but faster training.

The layout of :mod:`.network` gives the same order of sums as the authors' code. Parity with their
results needs that order, training does not.
"""

from typing import cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import elu, leaky_relu, linear, normalize, pad, relu

from fpbench_plugins.grafprint.network import (
    GROUPS,
    SLOPE,
    Block,
    Downsample,
    GrafprintNetwork,
    GraphEncoder,
    MaxRelativeGraph,
    NodeNorm,
    min_max_scale,
)

Rows = Float[Tensor, "batch nodes channels"]


def fingerprints(
    network: GrafprintNetwork, segments: Float[Tensor, "batch mels frames"]
) -> Float[Tensor, "batch dim"]:
    """Compute ``network(segments)``, up to rounding; in 16 bits if autocast is on."""
    nodes = network.patches(min_max_scale(segments))[..., 0].transpose(1, 2)
    hidden = encode(network.encoder, nodes)
    # 16 bits are too few in the last layers: neighbouring segments would get equal fingerprints.
    with torch.autocast(segments.device.type, enabled=False):
        return normalize(network.project_out(elu(network.project_in(hidden.float()))))


def encode(encoder: GraphEncoder, nodes: Rows) -> Float[Tensor, "batch hidden"]:
    x = leaky_relu(apply_norm(encoder.stem_norm, apply_conv1x1(encoder.stem, nodes)), SLOPE)
    for number, stage in enumerate(encoder.stages):
        if number > 0:
            x = downsample(cast(Downsample, encoder.downsamples[number - 1]), x)
        for block in cast(nn.Sequential, stage):
            x = apply_block(cast(Block, block), x)
    # The mean over nodes comes before the linear layer, which is faster.
    return apply_conv1x1(encoder.widen, x.float().mean(dim=1))


def apply_block(block: Block, x: Rows) -> Rows:
    x = apply_graph(block.graph, x)
    hidden = relu(apply_norm(block.expand_norm, apply_conv1x1(block.expand, x)))
    return apply_norm(block.contract_norm, apply_conv1x1(block.contract, hidden)) + x


def apply_graph(graph: MaxRelativeGraph, x: Rows) -> Rows:
    y = apply_norm(graph.inward_norm, apply_conv1x1(graph.inward, x))
    r = max_over_neighbours(y, nearest_rows(y, graph.neighbours)) - y
    # Interleaved, so that each group gets y and r of the same channels.
    groups = torch.stack((y, r), dim=3).flatten(2).chunk(GROUPS, dim=2)
    weights = graph.relate.weight[:, :, 0, 0].chunk(GROUPS)
    parts = [linear(part, weight) for part, weight in zip(groups, weights, strict=True)]
    hidden = relu(apply_norm(graph.relate_norm, torch.cat(parts, dim=2) + biases(graph.relate)))
    return x + apply_norm(graph.outward_norm, apply_conv1x1(graph.outward, hidden))


def downsample(downsample: Downsample, x: Rows) -> Float[Tensor, "batch fewer wider"]:
    """Merge three neighbouring nodes. The first has only two, because the line starts there."""
    padded = pad(x, (0, 0, 1, 0))
    taps = torch.cat((padded[:, :-1:2], padded[:, 1::2], padded[:, 2::2]), dim=2)
    kernel = downsample.conv.weight[:, :, :, 1].transpose(1, 2).flatten(1)
    return apply_norm(downsample.norm, linear(taps, kernel, downsample.conv.bias))


def apply_conv1x1(conv: nn.Conv2d, x: Float[Tensor, "... channels"]) -> Float[Tensor, "... wider"]:
    """A 1x1 convolution."""
    return linear(x, conv.weight[:, :, 0, 0], conv.bias)


def biases(conv: nn.Conv2d) -> Float[Tensor, " wider"] | float:
    return 0.0 if conv.bias is None else conv.bias


def apply_norm(norm: NodeNorm, x: Rows) -> Rows:
    # As one channels-last image, for which torch has vectorised kernels.
    image = x.reshape(1, -1, 1, x.shape[2]).permute(0, 3, 1, 2)
    out: Rows = norm(image).permute(0, 2, 3, 1).reshape(x.shape)
    return out


@torch.no_grad()
def nearest_rows(y: Rows, k: int) -> Int64[Tensor, "batch nodes {k}"]:
    """The k nearest nodes of the same segment by direction, in any order."""
    with torch.autocast(y.device.type, enabled=False):
        v = normalize(y.float(), dim=2)
        return (v @ v.transpose(1, 2)).topk(k, dim=2, sorted=False).indices


def max_over_neighbours(y: Rows, nearest: Int64[Tensor, "batch nodes k"]) -> Rows:
    """The largest value among each node's nearest nodes, channel by channel."""
    batch, nodes, channels = y.shape
    first = torch.arange(batch, device=y.device)[:, None, None] * nodes
    rows = (nearest + first).flatten(0, 1)
    flat = y.reshape(-1, channels)
    with torch.no_grad():
        # The neighbour with the largest value, which alone gets the gradient.
        chosen = flat[rows].max(dim=1).indices
        source = rows.gather(1, chosen)
    return flat.gather(0, source).view(batch, nodes, channels)
