"""GraFPrint's network, rearranged for speed: the same function, but sums have another order.

Batch norms are folded into the layers before them. Nodes are rows, (batch, nodes, channels), so
that each layer is one matrix product. The wide late stages run in bfloat16. The early stages stay
in float32, because rounding would change the neighbours there, and then all later results.
"""

from typing import cast

import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor, nn
from torch.nn.functional import elu, leaky_relu, linear, normalize, pad

from fpbench_plugins.building_blocks.compute.fused_linear import fused_linear
from fpbench_plugins.grafprint.network import (
    GROUPS,
    SLOPE,
    Block,
    Downsample,
    GrafprintNetwork,
    NodeNorm,
    min_max_scale,
)

_COLUMNS = 32  # in a group, of which only the maximum is compared at first
_NORM_EPS = 1e-5

Rows = Float[Tensor, "batch nodes channels"]
Wider = Float[Tensor, "batch nodes wider"]


class FastGrafprint(nn.Module):
    """Log-mel segments to fingerprints, with the weights and running statistics of a network.

    Args:
        exact_stages: Number of stages in float32. The stages after them are in bfloat16.
    """

    def __init__(self, network: GrafprintNetwork, exact_stages: int) -> None:
        super().__init__()
        encoder = network.encoder
        dtypes = [
            torch.float32 if stage < exact_stages else torch.bfloat16
            for stage in range(len(encoder.stages))
        ]
        self.patches = network.patches
        self.stem = FoldedLinear(encoder.stem, encoder.stem_norm, torch.float32)
        self.stages = nn.ModuleList(
            nn.Sequential(*(FastBlock(cast(Block, block), dtype) for block in stage.children()))
            for stage, dtype in zip(encoder.stages.children(), dtypes, strict=True)
        )
        self.downsamples = nn.ModuleList(
            FastDownsample(cast(Downsample, downsample), dtype)
            for downsample, dtype in zip(encoder.downsamples, dtypes[1:], strict=True)
        )
        self.widen = encoder.widen
        self.project_in, self.project_out = network.project_in, network.project_out

    def forward(
        self, segments: Float32[Tensor, "batch mels frames"]
    ) -> Float32[Tensor, "batch dim"]:
        nodes = self.patches(min_max_scale(segments))[..., 0].transpose(1, 2).contiguous()
        x: Tensor = self.stages[0](leaky_relu(self.stem(nodes), SLOPE))
        for downsample, stage in zip(self.downsamples, list(self.stages)[1:], strict=True):
            x = stage(downsample(x))
        # The mean over nodes comes before the linear layer, which is faster.
        mean = x.mean(dim=1, dtype=torch.float32)
        hidden = linear(mean, self.widen.weight[:, :, 0, 0], self.widen.bias)
        return normalize(self.project_out(elu(self.project_in(hidden))))


class FoldedLinear(nn.Module):
    """A 1x1 convolution and the batch norm after it, as one linear layer."""

    weight: Tensor
    bias: Tensor

    def __init__(self, layer: nn.Conv2d, norm: NodeNorm, dtype: torch.dtype) -> None:
        super().__init__()
        weight, bias = fold_batch_norm(layer, norm)
        self.register_buffer("weight", weight[:, :, 0, 0].to(dtype))
        self.register_buffer("bias", bias.to(dtype))

    def forward(self, x: Rows, *, plus: Wider | None = None, relu: bool = False) -> Wider:
        return fused_linear(x.to(self.weight.dtype), self.weight, self.bias, plus=plus, relu=relu)


class FastBlock(nn.Module):
    """:class:`Block` in evaluation mode."""

    relate_weight: Tensor
    relate_bias: Tensor

    def __init__(self, block: Block, dtype: torch.dtype) -> None:
        super().__init__()
        graph = block.graph
        self.neighbours = graph.neighbours
        self.inward = FoldedLinear(graph.inward, graph.inward_norm, dtype)
        weight, bias = fold_batch_norm(graph.relate, graph.relate_norm)
        self.register_buffer("relate_weight", regroup_weights(weight[:, :, 0, 0]).to(dtype))
        self.register_buffer("relate_bias", bias.view(GROUPS, 1, -1).to(dtype))
        self.outward = FoldedLinear(graph.outward, graph.outward_norm, dtype)
        self.expand = FoldedLinear(block.expand, block.expand_norm, dtype)
        self.contract = FoldedLinear(block.contract, block.contract_norm, dtype)

    def forward(self, x: Rows) -> Rows:
        y = self.inward(x)
        r = max_relative_rows(y, nearest_rows(y, self.neighbours))
        x = self.outward(self._relate(y, r), plus=x.to(y.dtype))
        out: Rows = self.contract(self.expand(x, relu=True), plus=x)
        return out

    def _relate(self, y: Rows, r: Rows) -> Wider:
        parts = [z.flatten(0, 1).view(-1, GROUPS, z.shape[2] // GROUPS) for z in (y, r)]
        pairs = torch.cat([part.transpose(0, 1) for part in parts], dim=2)
        hidden = torch.baddbmm(self.relate_bias, pairs, self.relate_weight).relu_()
        return hidden.transpose(0, 1).reshape(*y.shape[:2], -1)


class FastDownsample(nn.Module):
    """:class:`Downsample` in evaluation mode, as a linear layer on three neighbouring nodes."""

    weight: Tensor
    bias: Tensor

    def __init__(self, downsample: Downsample, dtype: torch.dtype) -> None:
        super().__init__()
        weight, bias = fold_batch_norm(downsample.conv, downsample.norm)
        self.register_buffer("weight", weight[..., 1].transpose(1, 2).flatten(1).to(dtype))
        self.register_buffer("bias", bias.to(dtype))

    def forward(self, x: Rows) -> Float[Tensor, "batch fewer wider"]:
        padded = pad(x.to(self.weight.dtype), (0, 0, 1, 1))
        triples = padded.unfold(1, 3, 2).transpose(2, 3).flatten(2)
        return fused_linear(triples, self.weight, self.bias)


def fold_batch_norm(
    layer: nn.Conv2d, norm: NodeNorm
) -> tuple[Float32[Tensor, "out in height width"], Float32[Tensor, " out"]]:
    """Weight and bias of a convolution that includes the batch norm after it."""
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("a network that uses batch statistics cannot be folded")
    scale = norm.weight.double() / (norm.running_var.double() + _NORM_EPS).sqrt()
    bias = -norm.running_mean.double() if layer.bias is None else layer.bias - norm.running_mean
    weight = layer.weight.double() * scale[:, None, None, None]
    return weight.float(), (bias * scale + norm.bias).float()


def regroup_weights(weight: Float[Tensor, "out pairs"]) -> Float[Tensor, "groups pairs part"]:
    """Rearrange weights for interleaved (y, r) to weights for each group's y and then its r."""
    out, pairs = weight.shape
    interleaved = weight.view(GROUPS, out // GROUPS, pairs // 2, 2)
    return interleaved.permute(0, 3, 2, 1).reshape(GROUPS, pairs, out // GROUPS)


def nearest_rows(y: Rows, k: int) -> Int64[Tensor, "batch nodes {k}"]:
    """The k rows with the largest cosines, in any order.

    The k largest entries of a long row are in its k groups of columns with the largest maxima.
    """
    v = normalize(y.float(), dim=2)
    cosines = v @ v.transpose(1, 2)
    batch, nodes = y.shape[:2]
    if nodes < 32 * _COLUMNS or nodes % _COLUMNS:
        return cosines.topk(k, dim=2, sorted=False).indices
    groups = cosines.view(batch, nodes, nodes // _COLUMNS, _COLUMNS)
    best = groups.amax(dim=3).topk(k, dim=2, sorted=False).indices
    first = torch.arange(batch * nodes, device=y.device).view(batch, nodes, 1) * groups.shape[2]
    few = groups.view(-1, _COLUMNS).index_select(0, (first + best).flatten())
    place = few.view(batch, nodes, k * _COLUMNS).topk(k, dim=2, sorted=False).indices
    return best.gather(2, place // _COLUMNS) * _COLUMNS + place % _COLUMNS


def max_relative_rows(y: Rows, nearest: Int64[Tensor, "batch nodes k"]) -> Rows:
    """By how much the largest of the nearest rows exceeds each row, channel by channel."""
    batch, nodes, _ = y.shape
    rows = y.flatten(0, 1)
    index = nearest + torch.arange(batch, device=y.device)[:, None, None] * nodes
    first, *others = index.flatten(0, 1).unbind(1)
    most = rows.index_select(0, first)
    for other in others:
        torch.maximum(most, rows.index_select(0, other), out=most)
    return most.sub_(rows).view_as(y)
