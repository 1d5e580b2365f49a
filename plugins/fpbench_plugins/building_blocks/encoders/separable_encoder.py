"""The encoder of Chang et al. 2021 and its descendants: log-mel patches to unit vectors.

Tensors keep TensorFlow's order of axes (mels, frames, channels), so published kernels and norms
are used as they are.
"""

import math
from collections.abc import Iterable

import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn
from torch.nn.functional import conv2d, elu, layer_norm, pad

from fpbench_plugins.building_blocks.encoders.separable_layout import (
    FRAME_STRIDES,
    MEL_STRIDE,
    TAPS,
    EncoderConfig,
)

NORM_EPSILON = 1e-3  # Keras's default; torch's 1e-5 moves fingerprints by 7e-4
SMALLEST_SQUARED_NORM = 1e-12

# The first blocks hold megabytes per segment: a few segments at a time stay in a CPU's cache. The
# last ones hold megabytes of weights, which are best read once for all segments.
_EARLY_BLOCKS = 3
_CACHED_SEGMENTS = 8
# Learning keeps what it computes, so no cache is large enough; but memory that is asked for in
# pieces of less than 32 MB is used again in the next step, and larger ones are new pages each time.
_TRAINING_SEGMENTS = 32

Patches = Float32[Tensor, "batch mels frames"]
Activations = Float[Tensor, "batch mels frames channels"]
BlockOutput = Float[Tensor, "batch new_mels new_frames width"]


class SeparableEncoder(nn.Module):
    """Eight blocks, then every element of the fingerprint from its own slice of channels."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        borders = zip(config.shapes, config.shapes[1:], FRAME_STRIDES, strict=False)
        self.blocks = nn.ModuleList(Block(*border) for border in borders)
        self.divide = DivideAndEncode(config)

    def forward(self, patches: Patches) -> Float32[Tensor, "batch dim"]:
        """Fingerprints of length 1."""
        return to_unit_length(self.divide(self.convolve(patches)))

    def convolve(self, patches: Patches) -> Float32[Tensor, "batch channels"]:
        """The output of the last block, flattened."""
        x = patches[..., None].to(next(self.parameters()).dtype)
        early, late = self.blocks[:_EARLY_BLOCKS], self.blocks[_EARLY_BLOCKS:]
        if x.device.type == "cpu":
            rows = _TRAINING_SEGMENTS if torch.is_grad_enabled() else _CACHED_SEGMENTS
            x = torch.cat([_apply_blocks(early, part) for part in torch.split(x, rows)])
        else:
            x = _apply_blocks(early, x)
        return _apply_blocks(late, x).flatten(1).float()

    def reduce_precision(self) -> None:
        """Let the blocks compute in bfloat16; what follows them is cheap and stays exact."""
        self.blocks.to(torch.bfloat16)

    @torch.no_grad()
    def initialise(self, rng: torch.Generator) -> None:
        """Draw fresh weights: kernels uniform after Glorot, biases 0, norms 1 and 0."""
        for name, parameter in self.named_parameters():
            if name.endswith("kernel"):
                # The first axis counts the taps of a block's kernel, but the slices of a slice's.
                taps = 1 if name.startswith("divide") else parameter.shape[0]
                limit = (6 / (taps * (parameter.shape[1] + parameter.shape[2]))) ** 0.5
                parameter.uniform_(-limit, limit, generator=rng)
            else:
                parameter.fill_(1 if name.endswith("gamma") else 0)


class Block(nn.Module):
    """Convolve over time, ELU, norm; convolve over frequency, ELU, norm."""

    def __init__(
        self, before: tuple[int, int, int], after: tuple[int, int, int], frame_stride: int
    ) -> None:
        super().__init__()
        self.frame_stride = frame_stride
        mels, _, channels = before
        _, frames, width = after
        self.frame_kernel = nn.Parameter(torch.empty(TAPS, channels, width))
        self.frame_bias = nn.Parameter(torch.empty(width))
        self.frame_gamma = nn.Parameter(torch.empty(mels, frames, width))
        self.frame_beta = nn.Parameter(torch.empty(mels, frames, width))
        self.mel_kernel = nn.Parameter(torch.empty(TAPS, width, width))
        self.mel_bias = nn.Parameter(torch.empty(width))
        self.mel_gamma = nn.Parameter(torch.empty(after))
        self.mel_beta = nn.Parameter(torch.empty(after))

    def forward(self, x: Activations) -> BlockOutput:
        x = convolve(x, self.frame_kernel, self.frame_bias, axis=2, stride=self.frame_stride)
        x = layer_norm(_elu(x), x.shape[1:], self.frame_gamma, self.frame_beta, NORM_EPSILON)
        x = convolve(x, self.mel_kernel, self.mel_bias, axis=1, stride=MEL_STRIDE)
        return layer_norm(_elu(x), x.shape[1:], self.mel_gamma, self.mel_beta, NORM_EPSILON)


class DivideAndEncode(nn.Module):
    """Each element of the fingerprint comes from its own run of neighbouring channels."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        slices, hidden = config.dim, config.slice_hidden
        inputs = math.prod(config.shapes[-1]) // slices
        self.hidden_kernel = nn.Parameter(torch.empty(slices, inputs, hidden))
        self.hidden_bias = nn.Parameter(torch.empty(slices, hidden))
        self.norm_gamma = nn.Parameter(torch.empty(slices, hidden)) if config.slice_norm else None
        self.norm_beta = nn.Parameter(torch.empty(slices, hidden)) if config.slice_norm else None
        self.output_kernel = nn.Parameter(torch.empty(slices, hidden, 1))
        self.output_bias = nn.Parameter(torch.empty(slices, 1))

    def forward(self, x: Float32[Tensor, "batch channels"]) -> Float32[Tensor, "batch dim"]:
        slices = x.view(len(x), len(self.hidden_kernel), -1).transpose(0, 1)
        x = elu(torch.baddbmm(self.hidden_bias[:, None], slices, self.hidden_kernel))
        if self.norm_gamma is not None and self.norm_beta is not None:
            x = layer_norm(x, x.shape[2:], eps=NORM_EPSILON)
            x = torch.addcmul(self.norm_beta[:, None], x, self.norm_gamma[:, None])
        x = torch.baddbmm(self.output_bias[:, None], x, self.output_kernel)
        return x.squeeze(2).T


def convolve(
    x: Activations,
    kernel: Float[Tensor, "taps channels width"],
    bias: Float[Tensor, " width"],
    *,
    axis: int,
    stride: int,
) -> BlockOutput:
    """Cross-correlate along one axis, padded with zeros as TensorFlow's ``SAME`` does.

    An even length at stride 2 is padded behind only, where torch's ``padding=1`` would shift it.
    """
    size = x.shape[axis]
    new_size = -(-size // stride)
    lacking = max((new_size - 1) * stride + TAPS - size, 0)
    before, behind = lacking // 2, lacking - lacking // 2
    if new_size == 1:
        # Taps that see only padding are left out: two thirds of a late block.
        kernel = kernel[before : before + size]
        before = behind = 0
    # On one core, per segment: at width 128 in bfloat16 gathering takes 3.8 ms to answer and
    # torch's convolution 7.2; at width 32 it is 3.9 and 1.4 ms to learn.
    if not torch.is_grad_enabled():
        return _gather_and_multiply(
            x, kernel, bias, axis=axis, stride=stride, new_size=new_size, before=before
        )
    images = x.permute(0, 3, 1, 2)  # to torch this is channels-last, which needs no copy
    if before != behind:
        images = pad(images, (0, 0, before, behind) if axis == 1 else (before, behind))
        before = 0
    weight = kernel.permute(2, 1, 0)  # width, channels, taps
    if axis == 1:
        y = conv2d(images, weight[..., None], bias, (stride, 1), (before, 0))
    else:
        y = conv2d(images, weight[:, :, None], bias, (1, stride), (0, before))
    return y.permute(0, 2, 3, 1).contiguous()


def _gather_and_multiply(
    x: Activations,
    kernel: Float[Tensor, "seen channels width"],
    bias: Float[Tensor, " width"],
    *,
    axis: int,
    stride: int,
    new_size: int,
    before: int,
) -> BlockOutput:
    """One matrix product over all taps, which lie beside each other in a copy of ``x``."""
    size, taps = x.shape[axis], len(kernel)
    shape = (*x.shape[:axis], new_size, *x.shape[axis + 1 : 3])
    seen = x.new_empty(*shape, taps, x.shape[3])
    for tap in range(taps):
        # Window j sees sample j * stride + shift here; first and stop bound the js that exist.
        shift = tap - before
        first, stop = (1 if shift < 0 else 0), min(new_size, (size - 1 - shift) // stride + 1)
        column = seen.select(3, tap)
        column.narrow(axis, 0, first).zero_()
        column.narrow(axis, stop, new_size - stop).zero_()
        there = slice(first * stride + shift, (stop - 1) * stride + shift + 1, stride)
        column.narrow(axis, first, stop - first).copy_(x[(slice(None),) * axis + (there,)])
    kernel = kernel.flatten(0, 1)
    return torch.addmm(bias, seen.view(-1, len(kernel)), kernel).view(*shape, -1)


def _apply_blocks(blocks: Iterable[nn.Module], x: Activations) -> BlockOutput:
    for block in blocks:
        x = block(x)
    return x


def to_unit_length(x: Float32[Tensor, "batch dim"]) -> Float32[Tensor, "batch dim"]:
    """Rows scaled to length 1; a row of zeros stays as it is."""
    return x * x.square().sum(1, keepdim=True).clamp(min=SMALLEST_SQUARED_NORM).rsqrt()


def _elu(x: Activations) -> Activations:
    """Overwrites ``x`` when nobody will ask for its gradient."""
    return elu(x, inplace=not torch.is_grad_enabled())
