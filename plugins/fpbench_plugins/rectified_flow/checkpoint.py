"""Reads the authors' PyTorch Lightning checkpoints without running code in them."""

import argparse
import pathlib
import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fpbench import FpbenchError
from fpbench_plugins.building_blocks.flow.generator import FittedFlow
from fpbench_plugins.building_blocks.flow.network import NetworkShape, VelocityNetwork
from fpbench_plugins.rectified_flow.config import RectifiedFlowConfig

PREFIX = "model."

# Lightning uses these classes for hyper-parameters and callback paths. None of them runs code.
_SAFE_CLASSES: list[Any] = [argparse.Namespace, pathlib.PosixPath, pathlib.PurePosixPath]


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
    content = _unpickle(path)
    state = content.get("state_dict")
    if not isinstance(state, Mapping):
        raise FpbenchError(
            f"'{path}' has no 'state_dict'", hint="give a checkpoint that PyTorch Lightning wrote"
        )
    weights = {_strip_prefix(name, path): tensor.float() for name, tensor in state.items()}
    shape = network_shape(weights, path)
    units = config.normalisation
    if units is None:
        raise FpbenchError(
            f"'{path}' does not say how its fingerprints were normalised",
            hint="add --set published=nafp (or nmfp, grafprint, peaknetfp), "
            "or --set mean=NUMBER --set std=NUMBER",
        )
    record = {
        "source": "the authors' checkpoint",
        "epoch": content.get("epoch"),
        "step": content.get("global_step"),
        "lightning": content.get("pytorch-lightning_version"),
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


def _unpickle(path: Path) -> dict[str, Any]:
    try:
        with torch.serialization.safe_globals(_SAFE_CLASSES):
            content = torch.load(path, weights_only=True, map_location="cpu")
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError) as err:
        raise FpbenchError(
            f"cannot read '{path}': {str(err).splitlines()[0]}",
            hint="give a complete checkpoint that PyTorch Lightning wrote; a file that would run "
            "code is not loaded",
        ) from err
    if not isinstance(content, dict):
        raise FpbenchError(
            f"'{path}' does not contain a dictionary", hint="give a Lightning checkpoint"
        )
    return content
