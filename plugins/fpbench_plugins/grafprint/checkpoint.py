"""The names and shapes of tensors in the official GraFPrint checkpoints."""

from collections.abc import Iterator

from fpbench import TensorRule
from fpbench_plugins.grafprint.config import GrafprintConfig

_STATISTICS = ("weight", "bias", "running_mean", "running_var")


def tensor_rules(config: GrafprintConfig) -> list[TensorRule]:
    """Rules for all tensors of a network."""
    return list(_rules(config))


def _rules(config: GrafprintConfig) -> Iterator[TensorRule]:
    widths = config.channels
    yield _copy_rule(
        "peak_extractor.convs.0.weight", "patches.conv.weight", config.n_filters, 3, 7, 7
    )
    yield _copy_rule("peak_extractor.convs.0.bias", "patches.conv.bias", config.n_filters)
    yield _conv1x1("encoder.stem.0", "encoder.stem", widths[0], config.n_filters)
    yield from _norm("encoder.stem.1", "encoder.stem_norm", widths[0])
    number = 0
    for stage, (width, blocks) in enumerate(zip(widths, config.blocks, strict=True)):
        if stage > 0:
            yield from _downsample(number, stage - 1, widths[stage - 1], width)
            number += 1
        for block in range(blocks):
            yield from _block(
                f"encoder.backbone.{number}", f"encoder.stages.{stage}.{block}", width
            )
            number += 1
    hidden, units = config.hidden_dim, config.dim * config.head_units
    yield from _conv1x1_with_bias("encoder.proj", "encoder.widen", hidden, widths[-1])
    for source, target, out, in_ in (
        ("projector.0", "project_in", units, hidden),
        ("projector.2", "project_out", config.dim, units),
    ):
        yield _copy_rule(f"{source}.weight", f"{target}.weight", out, in_)
        yield _copy_rule(f"{source}.bias", f"{target}.bias", out)


def _block(source: str, target: str, width: int) -> Iterator[TensorRule]:
    graph = f"{target}.graph"
    yield from _conv1x1_with_bias(f"{source}.0.fc1.0", f"{graph}.inward", width, width)
    yield from _norm(f"{source}.0.fc1.1", f"{graph}.inward_norm", width)
    related = f"{source}.0.graph_conv.gconv.nn"
    yield from _conv1x1_with_bias(f"{related}.0", f"{graph}.relate", 2 * width, width // 2)
    yield from _norm(f"{related}.1", f"{graph}.relate_norm", 2 * width)
    yield from _conv1x1_with_bias(f"{source}.0.fc2.0", f"{graph}.outward", width, 2 * width)
    yield from _norm(f"{source}.0.fc2.1", f"{graph}.outward_norm", width)
    yield _conv1x1(f"{source}.1.fc1.0", f"{target}.expand", 4 * width, width)
    yield from _norm(f"{source}.1.fc1.1", f"{target}.expand_norm", 4 * width)
    yield _conv1x1(f"{source}.1.fc2.0", f"{target}.contract", width, 4 * width)
    yield from _norm(f"{source}.1.fc2.1", f"{target}.contract_norm", width)


def _downsample(number: int, index: int, width_in: int, width_out: int) -> Iterator[TensorRule]:
    source, target = f"encoder.backbone.{number}.conv", f"encoder.downsamples.{index}"
    yield _copy_rule(f"{source}.0.weight", f"{target}.conv.weight", width_out, width_in, 3, 3)
    yield _copy_rule(f"{source}.0.bias", f"{target}.conv.bias", width_out)
    yield from _norm(f"{source}.1", f"{target}.norm", width_out)


def _conv1x1_with_bias(source: str, target: str, out: int, in_: int) -> Iterator[TensorRule]:
    yield _conv1x1(source, target, out, in_)
    yield _copy_rule(f"{source}.bias", f"{target}.bias", out)


def _conv1x1(source: str, target: str, out: int, in_: int) -> TensorRule:
    return _copy_rule(f"{source}.weight", f"{target}.weight", out, in_, 1, 1)


def _norm(source: str, target: str, width: int) -> Iterator[TensorRule]:
    for name in _STATISTICS:
        yield _copy_rule(f"{source}.{name}", f"{target}.{name}", width)


def _copy_rule(source: str, target: str, *shape: int) -> TensorRule:
    return TensorRule(source=source, target=target, shape=shape)
