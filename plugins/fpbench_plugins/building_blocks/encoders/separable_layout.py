"""Sizes of the separable encoder, and the names of its weights in the authors' checkpoints."""

from collections.abc import Iterator
from dataclasses import dataclass

from fpbench import TensorRule

TAPS = 3
MEL_STRIDE = 2
FRAME_STRIDES = (2, 2, 2, 2, 1, 2, 1, 2)
_WIDTHS = (1, 1, 2, 2, 4, 4, 8, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderConfig:
    """The settings that decide the shapes of all weights.

    Args:
        mels: Height of the input.
        frames: Width of the input.
        width: Channels of the first block; the last has 8 times as many. Published: 128.
        dim: Length of a fingerprint.
        slice_hidden: Hidden units per element of the fingerprint.
        slice_norm: Whether those hidden units are normalised.
    """

    mels: int
    frames: int
    width: int
    dim: int
    slice_hidden: int
    slice_norm: bool

    def __post_init__(self) -> None:
        if min(self.mels, self.frames, self.width, self.dim, self.slice_hidden) < 1:
            raise ValueError("a network needs sizes of at least 1")

    @property
    def channels(self) -> tuple[int, ...]:
        """Of each block. The last one is rounded up to a multiple of ``dim``."""
        *inner, last = (self.width * factor for factor in _WIDTHS)
        return (*inner, -(-last // self.dim) * self.dim)

    @property
    def shapes(self) -> tuple[tuple[int, int, int], ...]:
        """Mels, frames and channels of the input and of the output of each block."""
        shapes = [(self.mels, self.frames, 1)]
        for width, stride in zip(self.channels, FRAME_STRIDES, strict=True):
            mels, frames, _ = shapes[-1]
            shapes.append((-(-mels // MEL_STRIDE), -(-frames // stride), width))
        return tuple(shapes)


def tensor_rules(config: EncoderConfig) -> list[TensorRule]:
    """Rules for all tensors of a TensorFlow checkpoint of this encoder."""
    return [*_block_rules(config), *_slice_rules(config)]


def _block_rules(config: EncoderConfig) -> Iterator[TensorRule]:
    for block, (before, after) in enumerate(zip(config.shapes, config.shapes[1:], strict=False)):
        source = f"model/front_conv/layer_with_weights-{block}"
        target = f"blocks.{block}"
        mels, frames, width = after
        for layer, kernel, channels, shape in (
            ("1x3", (1, TAPS), before[2], (before[0], frames, width)),
            ("3x1", (TAPS, 1), width, (mels, frames, width)),
        ):
            axis = "frame" if layer == "1x3" else "mel"
            yield TensorRule(
                source=f"{source}/conv2d_{layer}/kernel",
                target=f"{target}.{axis}_kernel",
                shape=(*kernel, channels, width),
                target_shape=(TAPS, channels, width),
            )
            yield _copy_rule(f"{source}/conv2d_{layer}/bias", f"{target}.{axis}_bias", width)
            for part in ("gamma", "beta"):
                # The authors' name stands for batch norm, the other norm that their code offers.
                yield _copy_rule(f"{source}/BN_{layer}/{part}", f"{target}.{axis}_{part}", *shape)


def _slice_rules(config: EncoderConfig) -> Iterator[TensorRule]:
    mels, frames, width = config.shapes[-1]
    inputs, hidden = mels * frames * width // config.dim, config.slice_hidden
    last = 2 if config.slice_norm else 1
    for number in range(config.dim):
        source = f"model/div_enc/split_fc_layers/{number}/layer_with_weights"
        yield _copy_rule(f"{source}-0/kernel", "divide.hidden_kernel", inputs, hidden)
        yield _copy_rule(f"{source}-0/bias", "divide.hidden_bias", hidden)
        if config.slice_norm:
            for part in ("gamma", "beta"):
                yield _copy_rule(f"model/div_enc/BN/{number}/{part}", f"divide.norm_{part}", hidden)
        yield _copy_rule(f"{source}-{last}/kernel", "divide.output_kernel", hidden, 1)
        yield _copy_rule(f"{source}-{last}/bias", "divide.output_bias", 1)


def _copy_rule(source: str, target: str, *shape: int) -> TensorRule:
    return TensorRule(source=source, target=target, shape=shape)
