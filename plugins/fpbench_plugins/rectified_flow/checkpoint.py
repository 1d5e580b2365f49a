"""Reads the authors' PyTorch Lightning checkpoints without running code in them."""

import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch
from torch import Tensor

from fpbench import FpbenchError
from fpbench.encoders.torch_files import TorchFile, open_torch_file
from fpbench.encoders.torch_tensors import TorchTensor
from fpbench.stand_ins import refuse_stand_in
from fpbench_plugins.building_blocks.flow.generator import FittedFlow
from fpbench_plugins.building_blocks.flow.network import NetworkShape, VelocityNetwork
from fpbench_plugins.rectified_flow.config import RectifiedFlowConfig

PREFIX = "model."

# Lightning uses these classes for hyper-parameters and callback paths. Their objects are not made.
_CLASSES = ("argparse.Namespace", "pathlib.PosixPath", "pathlib.PurePosixPath")

# Weights are hardly compressed: a checkpoint of another size is not one.
_MAX_RATIO = 20
_OTHER_BYTES = 16 << 20


def is_lightning(path: Path) -> bool:
    """Whether a file is a zip archive, as PyTorch writes, and not a safetensors file."""
    return path.is_file() and zipfile.is_zipfile(path)


def read_lightning(path: Path, generator: str, config: RectifiedFlowConfig) -> FittedFlow:
    """The authors' network, with the normalisation of ``config``.

    Raises:
        FpbenchError: The file has none of the three known layouts, or ``config`` has no
            normalisation.

    Source: the public code of arXiv 2509.18620, in the versions that change the layout.
    """
    with _open(path) as file:
        weights, content = _weights(file, path), file.content
    shape = network_shape(weights, path)
    units = config.normalisation
    if units is None:
        raise FpbenchError(
            f"'{path}' does not say how its fingerprints were normalised",
            hint="add --set published=nafp (or nmfp, grafprint, peaknetfp), "
            "or --set mean=NUMBER --set std=NUMBER",
        )
    keys = {"epoch": "epoch", "step": "global_step", "lightning": "pytorch-lightning_version"}
    found = {name: content.get(key) for name, key in keys.items()}
    record = {
        "source": "the authors' checkpoint",
        **{name: v if isinstance(v, int | str) else None for name, v in found.items()},
    }
    return FittedFlow(
        generator=generator,
        shape=shape,
        weights=weights,
        normalisation=units,
        sampling=config.sampling,
        record=record,
    )


def network_shape(weights: Mapping[str, Tensor], path: Path) -> NetworkShape:
    """Find the layout from the names of the weights, and the sizes from their shapes.

    The last version of the code has a time MLP and adapts every normalisation. Earlier versions
    use the time features directly, and have a gain per block or adapt only the first block.

    Raises:
        FpbenchError: No layout has these names and sizes. The message lists the first few.
    """
    try:
        width, dim = weights["linear_input.weight"].shape
        time_dim = weights["layers.0.norm.to_scale.weight"].shape[1]
    except KeyError as err:
        raise FpbenchError(
            f"'{path}' has no weights called {PREFIX}{err.args[0]}",
            hint="give a checkpoint from the code of arXiv 2509.18620",
        ) from err
    blocks = {int(found[1]) for name in weights if (found := re.match(r"layers\.(\d+)\.", name))}
    shape = NetworkShape(
        dim=dim,
        width=width,
        depth=len(blocks),
        time_dim=time_dim,
        time_mlp="time_embedding.proj.0.weight" in weights,
        layer_scale="layers.0.layer_scale" in weights,
        adaptive="all" if "norm_output.to_scale.weight" in weights else "first",
    )
    with torch.device("meta"):
        expected = VelocityNetwork(shape).state_dict()
    _refuse_names("unexpected", sorted(weights.keys() - expected.keys()), path)
    _refuse_names("missing", sorted(expected.keys() - weights.keys()), path)
    unlike = [name for name in expected if weights[name].shape != expected[name].shape]
    _refuse_names("wrongly shaped", unlike, path)
    return shape


def _refuse_names(fault: str, names: list[str], path: Path) -> None:
    if not names:
        return
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    raise FpbenchError(
        f"'{path}' has {fault} weights: {', '.join(PREFIX + name for name in names[:3])}{more}",
        hint="give a checkpoint in one of the three layouts of the authors' code",
    )


def _strip_prefix(name: str, path: Path) -> str:
    if not name.startswith(PREFIX):
        raise FpbenchError(
            f"'{path}' has unexpected weights: {name}",
            hint=f"give a checkpoint of the authors, in which all weights are called {PREFIX}...",
        )
    return name.removeprefix(PREFIX)


@contextmanager
def _open(path: Path) -> Iterator[TorchFile]:
    """Open a checkpoint whose content is a dictionary."""
    refuse_stand_in(path)
    limit_bytes = _OTHER_BYTES + _MAX_RATIO * path.stat().st_size
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_torch_file(path, limit_bytes, dropped=_CLASSES))
        except (ValueError, OSError) as err:
            raise FpbenchError(
                f"cannot read '{path}': {err}",
                hint="give a complete checkpoint that PyTorch Lightning wrote; a file that would "
                "run code is not loaded",
            ) from err
        if not isinstance(file.content, dict):
            raise FpbenchError(
                f"'{path}' does not contain a dictionary", hint="give a Lightning checkpoint"
            )
        yield file


def _weights(file: TorchFile, path: Path) -> dict[str, Tensor]:
    """The weights by name, in float32, without their prefix."""
    state = file.content.get("state_dict")
    if not isinstance(state, Mapping):
        raise FpbenchError(
            f"'{path}' has no 'state_dict'", hint="give a checkpoint that PyTorch Lightning wrote"
        )
    weights = {}
    for name, value in state.items():
        if not isinstance(value, TorchTensor):
            raise FpbenchError(
                f"'{path}': '{name}' is not a tensor", hint="give a checkpoint of the authors"
            )
        try:
            array = file.read(value)
        except ValueError as err:
            raise FpbenchError(f"cannot read '{path}': {err}", hint="copy it again") from err
        weights[_strip_prefix(str(name), path)] = torch.from_numpy(array).float()
    return weights
