"""The names and shapes of tensors in the official PeakNetFP checkpoints."""

from collections.abc import Iterator

from fpbench import TensorRule
from fpbench_plugins.peaknetfp.config import PeakNetFpConfig


def tensor_rules(config: PeakNetFpConfig) -> list[TensorRule]:
    """Rules for all tensors of a network."""
    rules: list[TensorRule] = []
    channels = 0
    for layer, scales in ((1, config.scales_1), (2, config.scales_2)):
        for i, scale in enumerate(scales):
            source = f"model/layer{layer}/mlp_list/{i}"
            target = f"layer{layer}.perceptrons.{i}"
            rules += _perceptron(source, target, channels + 3, scale.widths)
        channels = sum(scale.widths[-1] for scale in scales)
    widths = (*config.widths_3, config.dim)
    rules += _perceptron("model/layer3/mlp_list", "layer3", channels + 3, widths)
    return rules


def _perceptron(
    source: str, target: str, channels: int, widths: tuple[int, ...]
) -> Iterator[TensorRule]:
    for i, width in enumerate(widths):
        yield TensorRule(
            source=f"{source}/{i}/pnet_conv",
            target=f"{target}.weights.{i}",
            shape=(1, 1, channels, width),
            axes=(3, 2, 0, 1),
            target_shape=(width, channels),
            aliases=(f"{source}/{i}/w",),
        )
        channels = width
