"""A network that gives the velocity of points on their way from noise to data.

Time runs from 1 (noise) to 0 (data). A velocity has the sign *data minus noise*, so a solver adds
it. Points are in normalised units (see :mod:`.normalisation`).

Source: Bhattacharjee et al. 2025, arXiv 2509.18620; Liu et al. 2023, "Flow straight and fast",
    arXiv 2209.03003.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Literal, cast, no_type_check

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn
from torch.nn import functional

from fpbench_plugins.building_blocks.compute.packed_linear import PackedLinear

Modulation = tuple[Float[Tensor, "... width"], Float[Tensor, "... width"]]
"""Gain and offset at the end of a normalisation; see :meth:`AdaptiveNorm.modulation`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkShape:
    """The settings that decide the names and shapes of a velocity network's weights.

    Args:
        dim: Of a fingerprint.
        width: Of the residual stream. A block's gate and value are twice as wide, each.
        depth: Number of blocks.
        time_dim: Number of sines and cosines, together, that describe a time.
        time_mlp: Whether three linear layers follow them, and time is first scaled to [-1, 1].
            Earlier versions of the authors' code have no such layers.
        layer_scale: Whether a learned gain per channel follows each block, as in earlier versions.
        adaptive: Which normalisations depend on the time: ``all``, or that of the ``first`` block.
    """

    dim: int = 128
    width: int
    depth: int
    time_dim: int = 32
    time_mlp: bool = True
    layer_scale: bool = False
    adaptive: Literal["all", "first"] = "all"


class VelocityNetwork(nn.Module):
    """Residual SwiGLU blocks whose layer normalisations are scaled and shifted by the time."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        everywhere = shape.adaptive == "all"
        self.time_embedding = TimeEmbedding(shape.time_dim, mlp=shape.time_mlp)
        self.linear_input = nn.Linear(shape.dim, shape.width)
        self.layers = nn.ModuleList(
            Block(shape, adaptive=everywhere or i == 0) for i in range(shape.depth)
        )
        self.norm_output = _norm(shape, adaptive=everywhere)
        self.linear_output = nn.Linear(shape.width, shape.dim)
        self._packed_ends: tuple[PackedLinear, PackedLinear] | None = None

    def forward(
        self, x: Float[Tensor, "batch dim"], t: Float[Tensor, " times"]
    ) -> Float32[Tensor, "batch dim"]:
        """The velocity at some points, and at one time for all of them or one for each."""
        return self.velocity_at(x, self.modulations(t))

    def freeze(self, rows: int) -> "VelocityNetwork":
        """Prepare for fast inference. The weights must not change afterwards.

        Args:
            rows: Of the usual batch on a CPU. Others work, too.
        """
        for layer in self.layers:
            cast(Block, layer).ff.freeze(rows)
        if not self.linear_input.weight.is_cuda:
            first, last = self.linear_input, self.linear_output
            self._packed_ends = (
                PackedLinear(first.weight, first.bias, rows=rows),
                PackedLinear(last.weight, last.bias, rows=rows),
            )
        return self

    def modulations(self, t: Float[Tensor, " times"]) -> list[Modulation]:
        """What depends on the time only, for each normalisation in turn."""
        condition = self.time_embedding(t.float(), self.linear_input.weight.dtype)
        norms = [cast(Block, layer).norm for layer in self.layers] + [self.norm_output]
        return [norm.modulation(condition) for norm in norms]

    def velocity_at(
        self, x: Float[Tensor, "batch dim"], modulations: Sequence[Modulation]
    ) -> Float32[Tensor, "batch dim"]:
        """The velocity at some points, given the result of :meth:`modulations`."""
        first, last = self._packed_ends or (self.linear_input, self.linear_output)
        h = first(x.to(self.linear_input.weight.dtype))
        for layer, modulation in zip(self.layers, modulations[:-1], strict=True):
            h = layer(h, modulation)
        velocity: Tensor = last(self.norm_output(h, modulations[-1]))
        return velocity.float()


class TimeEmbedding(nn.Module):
    """Sines and cosines of a time at geometric frequencies, and three small layers after them."""

    def __init__(self, dim: int, *, mlp: bool) -> None:
        super().__init__()
        self.dim = dim
        self.proj = (
            nn.Sequential(
                nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim)
            )
            if mlp
            else None
        )

    def forward(
        self, t: Float32[Tensor, " times"], dtype: torch.dtype
    ) -> Float[Tensor, "times features"]:
        half = self.dim // 2
        exponents = torch.arange(half, device=t.device, dtype=torch.float32) / (half - 1)
        frequencies = torch.exp(-math.log(10_000) * exponents)
        u = t if self.proj is None else 2 * t - 1
        angles = u[:, None] * frequencies
        features = torch.cat([angles.sin(), angles.cos()], dim=1).to(dtype)
        if self.proj is None:
            return features
        embedding: Tensor = self.proj(features)
        return embedding


class AdaptiveNorm(nn.Module):
    """Layer normalisation whose gain and offset depend on the time."""

    def __init__(self, width: int, time_dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.to_scale = nn.Linear(time_dim, width)
        self.to_shift = nn.Linear(time_dim, width)

    def modulation(self, condition: Float[Tensor, "times features"]) -> Modulation:
        """What :meth:`forward` needs to know about the time.

        For inference with one time for all rows, the result is two vectors that include the layer
        normalisation's own affine map, which saves a pass over memory.
        """
        gain = 1 + self.to_scale(condition)
        shift = self.to_shift(condition)
        if len(condition) > 1 or torch.is_grad_enabled():
            return gain, shift
        weight, bias = self.norm.weight, self.norm.bias
        return weight * gain[0], bias * gain[0] + shift[0]

    def forward(
        self, h: Float[Tensor, "batch width"], modulation: Modulation
    ) -> Float[Tensor, "batch width"]:
        gain, offset = modulation
        if gain.ndim == 1:
            return _layer_norm(h, gain, offset)
        scaled: Tensor = self.norm(h) * gain + offset
        return scaled


class PlainNorm(nn.LayerNorm):
    """Layer normalisation that ignores the time."""

    def modulation(self, condition: Float[Tensor, "times features"]) -> Modulation:
        return self.weight, self.bias

    def forward(  # type: ignore[override]  # called like AdaptiveNorm
        self, h: Float[Tensor, "batch width"], modulation: Modulation
    ) -> Float[Tensor, "batch width"]:
        return _layer_norm(h, *modulation)


class GatedUnit(nn.Module):
    """SwiGLU without biases: ``B (SiLU(p) * q)`` with ``[p, q] = A a``."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.to_mlp = nn.Linear(width, 4 * width, bias=False)
        self.to_out = nn.Linear(2 * width, width, bias=False)
        self._pairs: Tensor | None = None
        self.packed: PackedUnit | None = None

    def inner(self, a: Float[Tensor, "batch width"]) -> Float[Tensor, "batch inner"]:
        """The input of the second matrix."""
        if self._pairs is not None:
            from fpbench_plugins.building_blocks.compute.gated_product import gated_product

            return gated_product(a, self._pairs)
        both: Tensor = self.to_mlp(a)
        gated: Tensor = _fuse_on_gpu(_swiglu, both)(both)
        return gated

    def freeze(self, rows: int) -> None:
        """Prepare for fast inference. The weights must not change afterwards."""
        weight = self.to_mlp.weight
        if not weight.is_cuda:
            self.packed = PackedUnit(weight, self.to_out.weight, rows)
            return
        fits = weight.dtype == torch.bfloat16 and weight.shape[1] % 64 == 0
        if fits and _is_hopper(weight.device):
            from fpbench_plugins.building_blocks.compute.gated_product import interleave_gates

            self._pairs = interleave_gates(weight.detach())

    def forward(self, a: Float[Tensor, "batch width"]) -> Float[Tensor, "batch width"]:
        out: Tensor = self.to_out(self.inner(a))
        return out


class PackedUnit:
    """:class:`GatedUnit` for inference on a CPU.

    Gates and values are two products, because the second one is then multiplied with the first
    before it is written, and nothing between the matrices is read once more.
    """

    def __init__(
        self,
        to_mlp: Float[Tensor, "twice width"],
        to_out: Float[Tensor, "width inner"],
        rows: int,
    ) -> None:
        gates, values = to_mlp.chunk(2)
        self._gates = PackedLinear(gates, rows=rows)
        self._values = PackedLinear(values, rows=rows)
        self._out = PackedLinear(to_out, rows=rows)

    def add(
        self, a: Float[Tensor, "batch width"], h: Float[Tensor, "batch width"]
    ) -> Float[Tensor, "batch width"]:
        """The unit's output for ``a``, added to the stream ``h``."""
        return self._out(self._values(a, times=self._gates(a, swish=True)), plus=h)


@no_type_check  # torch cannot compile through a shape checker
def _swiglu(both: Float[Tensor, "batch twice"]) -> Float[Tensor, "batch inner"]:
    gate, value = both.chunk(2, dim=1)
    return functional.silu(gate) * value


def _layer_norm(
    h: Float[Tensor, "batch width"], gain: Float[Tensor, " width"], offset: Float[Tensor, " width"]
) -> Float[Tensor, "batch width"]:
    return _fuse_on_gpu(functional.layer_norm, h)(h, gain.shape, gain, offset)


def _fuse_on_gpu(function: Callable[..., Tensor], like: Tensor) -> Callable[..., Tensor]:
    """The same function; on a GPU compiled to one pass over memory instead of several."""
    return _compile(function) if like.is_cuda and not torch.is_grad_enabled() else function


@cache
def _compile(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return torch.compile(function, dynamic=False) if _has_triton() else function


@cache
def _has_triton() -> bool:
    # Torch's compiler needs it for GPUs. It comes with torch for CUDA, but not on all systems.
    return find_spec("triton") is not None


def _is_hopper(gpu: torch.device) -> bool:
    # Not tried on other GPUs. Desktop GPUs have too little shared memory for the kernel's tiles.
    return torch.cuda.get_device_capability(gpu)[0] == 9 and _has_triton()


class Block(nn.Module):
    """Adds a gated unit of the normalised stream to the stream."""

    def __init__(self, shape: NetworkShape, *, adaptive: bool) -> None:
        super().__init__()
        self.norm = _norm(shape, adaptive=adaptive)
        self.ff = GatedUnit(shape.width)
        self.layer_scale = (
            nn.Parameter(torch.full((shape.width,), 1e-6)) if shape.layer_scale else None
        )

    def forward(
        self, h: Float[Tensor, "batch width"], modulation: Modulation
    ) -> Float[Tensor, "batch width"]:
        a = self.norm(h, modulation)
        weight, scale = self.ff.to_out.weight, self.layer_scale
        if self.ff.packed is not None and scale is None:
            return self.ff.packed.add(a, h)
        if h.is_cuda and not torch.is_grad_enabled() and scale is None and h.dtype == weight.dtype:
            # In place, because torch would otherwise copy the stream before adding the product.
            return h.addmm_(self.ff.inner(a), weight.T)
        update: Tensor = self.ff(a)
        return h + (update if scale is None else update * scale)


def _norm(shape: NetworkShape, *, adaptive: bool) -> AdaptiveNorm | PlainNorm:
    return AdaptiveNorm(shape.width, shape.time_dim) if adaptive else PlainNorm(shape.width)


def fresh_network(shape: NetworkShape, rng: np.random.Generator) -> VelocityNetwork:
    """A network with PyTorch's default initialisation, drawn from ``rng``, and an output of 0.

    Linear weights and biases are uniform in +-1/sqrt(inputs). Normalisations start as identities.
    The output layer starts at 0, so all velocities are 0 at first.
    """
    with torch.device("meta"):
        network = VelocityNetwork(shape)
    network.to_empty(device="cpu")
    for module in network.modules():
        if isinstance(module, nn.Linear):
            bound = 1 / math.sqrt(module.in_features)
            for parameter in module.parameters():
                draw = rng.uniform(-bound, bound, tuple(parameter.shape)).astype(np.float32)
                parameter.data.copy_(torch.from_numpy(draw))
        elif isinstance(module, nn.LayerNorm):
            module.reset_parameters()
        elif isinstance(module, Block) and module.layer_scale is not None:
            module.layer_scale.data.fill_(1e-6)
    for parameter in network.linear_output.parameters():
        parameter.data.zero_()
    return network


def precision(device: torch.device, dtype: str) -> AbstractContextManager[None]:
    """A context in which float32 networks compute in ``dtype``: float32 or bfloat16."""
    return torch.autocast(device.type, torch.bfloat16, enabled=dtype == "bfloat16")
