"""The encoder of Chang et al. 2021 and of systems based on it: log-mel patches to unit vectors.

Tensors keep TensorFlow's order of axes (mels, frames, channels), so that published kernels and
norms need no change.
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

# In the first blocks, activations take megabytes per segment, and only those of a few segments fit
# in a CPU's cache. The last blocks have megabytes of weights, which are read once for all segments.
_EARLY_BLOCKS = 3
_CACHED_SEGMENTS = 8
# Training keeps all activations, so no cache is large enough. But blocks of memory below 32 MB are
# used again in the next step, while larger ones are new pages each time.
_TRAINING_SEGMENTS = 32

Patches = Float32[Tensor, "batch mels frames"]
Activations = Float[Tensor, "batch mels frames channels"]
BlockOutput = Float[Tensor, "batch new_mels new_frames width"]


class SeparableEncoder(nn.Module):
    """Eight blocks, and then each element of the fingerprint from its own slice of channels."""

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
        """Let the blocks compute in bfloat16. Later layers are cheap and stay in float32."""
        self.blocks.to(torch.bfloat16)

    @torch.no_grad()
    def initialise(self, rng: torch.Generator) -> None:
        """Draw fresh weights: Glorot-uniform kernels; biases 0; norms with gain 1, offset 0."""
        for name, parameter in self.named_parameters():
            if name.endswith("kernel"):
                # The first axis has the taps in a block's kernel, but the slices in ``divide``.
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
    """Computes each element of the fingerprint from its own slice of neighbouring channels."""

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

    An even length at stride 2 is padded only at its end. Torch's ``padding=1`` would shift it.
    """
    size = x.shape[axis]
    new_size = -(-size // stride)
    lacking = max((new_size - 1) * stride + TAPS - size, 0)
    before, behind = lacking // 2, lacking - lacking // 2
    if new_size == 1:
        # Taps that only read padding are left out: two thirds of those of a late block.
        kernel = kernel[before : before + size]
        before = behind = 0
    # Time per segment on one core: for inference at width 128 in bfloat16, gathering takes 3.8 ms
    # and torch's convolution 7.2; for training at width 32 they take 3.9 and 1.4 ms.
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
    kernel: Float[Tensor, "used channels width"],
    bias: Float[Tensor, " width"],
    *,
    axis: int,
    stride: int,
    new_size: int,
    before: int,
) -> BlockOutput:
    """Copy ``x`` so that all taps of a window lie side by side, and do one matrix product."""
    size, taps = x.shape[axis], len(kernel)
    shape = (*x.shape[:axis], new_size, *x.shape[axis + 1 : 3])
    windows = x.new_empty(*shape, taps, x.shape[3])
    for tap in range(taps):
        # With this tap, window j reads sample j * stride + shift, which exists for j from first
        # to stop - 1.
        shift = tap - before
        first, stop = (1 if shift < 0 else 0), min(new_size, (size - 1 - shift) // stride + 1)
        column = windows.select(3, tap)
        column.narrow(axis, 0, first).zero_()
        column.narrow(axis, stop, new_size - stop).zero_()
        source = slice(first * stride + shift, (stop - 1) * stride + shift + 1, stride)
        column.narrow(axis, first, stop - first).copy_(x[(slice(None),) * axis + (source,)])
    kernel = kernel.flatten(0, 1)
    return torch.addmm(bias, windows.view(-1, len(kernel)), kernel).view(*shape, -1)


def _apply_blocks(blocks: Iterable[nn.Module], x: Activations) -> BlockOutput:
    for block in blocks:
        x = block(x)
    return x


def to_unit_length(x: Float32[Tensor, "batch dim"]) -> Float32[Tensor, "batch dim"]:
    """Scale rows to length 1. A row of zeros stays as it is."""
    return x * x.square().sum(1, keepdim=True).clamp(min=SMALLEST_SQUARED_NORM).rsqrt()


def _elu(x: Activations) -> Activations:
    """ELU, which overwrites ``x`` if no gradient is needed."""
    return elu(x, inplace=not torch.is_grad_enabled())
