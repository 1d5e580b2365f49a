"""Builds networks with the weights of a file, or with fresh weights from a seed."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from logging import getLogger
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from fpbench import FpbenchError, Settings, Stream, rng_at
from fpbench.encoders.weights import load_weights
from fpbench.plugin.options import Config

logger = getLogger(__name__)

Network = TypeVar("Network", bound=nn.Module)


def load_network(
    name: str,
    config: Config,
    published: Config,
    fields: Sequence[str],
    settings: Settings,
    *,
    build: Callable[[Config], Network],
    initialise: Callable[[Network, torch.Generator], None],
) -> tuple[Config, Network]:
    """Build a network with the user's weights, the shipped weights, or fresh ones.

    Fresh weights come from the settings' seed. They are used if there are no other weights, for
    example because the config asks for another network than the published one.

    Args:
        name: Of the fingerprinter, and of its plugin's folder.
        published: The config without changes.
        fields: Fields of the config that decide the network.

    Returns:
        The config that fits the weights, and the network.

    Raises:
        FpbenchError: The weights belong to another system, or do not fit.
    """
    weights = settings.weights or shipped_weights_path(name, config, published, fields)
    if weights is None:
        network = build_empty(lambda: build(config))
        initialise(network, fresh_rng(name, settings.seed))
        return config, network
    tensors, info = load_weights(weights, name)
    config = config_of_weights(config, info.config, fields, weights)
    network = build_empty(lambda: build(config))
    fill(network, tensors, weights)
    return config, network


def config_of_weights(
    config: Config, saved: Mapping[str, object], fields: Sequence[str], path: Path
) -> Config:
    """Put a weights file's settings of the network into a config.

    Args:
        saved: The config in the file's metadata.
        fields: Fields of the config that decide the network. The file overrides the user.

    Raises:
        FpbenchError: The file has other settings, or values that are not possible.
    """
    unknown = set(saved) - set(fields)
    if unknown:
        raise FpbenchError(
            f"{path} was made for another network: it sets {', '.join(sorted(unknown))}",
            hint="update fpbench, or import the checkpoint again",
        )
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in saved.items()}
    try:
        return dataclasses.replace(config, **values)
    except (TypeError, ValueError) as err:
        raise FpbenchError(f"{path} describes an impossible network: {err}") from err


def shipped_weights_path(
    name: str, config: Config, published: Config, fields: Sequence[str]
) -> Path | None:
    """The file of the weights that come with a plugin. The log says that they are fpbench's own.

    Args:
        name: Of the fingerprinter, and of its plugin's folder.
        published: The config without changes.
        fields: Fields of the config that decide the network.

    Returns:
        None if there is no such file, or if the user changed the network so that it cannot fit.
    """
    if any(getattr(config, field) != getattr(published, field) for field in fields):
        return None
    path = Path(str(files(f"fpbench_plugins.{name}") / "weights" / "fpbench-small.safetensors"))
    if not path.is_file():
        return None
    logger.warning(
        "%s uses fpbench's own small weights, not its authors'. "
        "`fpbench weights list` says how to get the authors' weights",
        name,
    )
    return path


def build_empty(build: Callable[[], Network]) -> Network:
    """Build a network with undefined weights: torch's constructors draw global random numbers."""
    with torch.device("meta"):
        network = build()
    return network.to_empty(device="cpu")


def fill(network: nn.Module, tensors: Mapping[str, np.ndarray], path: Path) -> None:
    """Load a file's tensors into a network. Names and shapes must be equal.

    Raises:
        FpbenchError: They are not. The message lists the first three faults.
    """
    wanted = network.state_dict()
    found = {name: torch.from_numpy(array) for name, array in tensors.items()}
    faults = [f"{name} is missing" for name in wanted if name not in found]
    faults += [f"{name} is unknown" for name in found if name not in wanted]
    faults += [
        f"{name} has shape {tuple(found[name].shape)}, not {tuple(wanted[name].shape)}"
        for name in wanted
        if name in found and found[name].shape != wanted[name].shape
    ]
    if faults:
        more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise FpbenchError(
            f"{path} does not fit the network: {'; '.join(faults[:3])}{more}",
            hint="import the checkpoint again with `fpbench weights import`",
        )
    network.load_state_dict(found)


def fresh_rng(fingerprinter: str, seed: int) -> torch.Generator:
    """A generator for fresh weights. The log says that the network is untrained."""
    logger.warning(
        "%s has random weights (seed %d): its fingerprints are those of an untrained network",
        fingerprinter,
        seed,
    )
    return weights_rng(seed)


def weights_rng(seed: int) -> torch.Generator:
    """A generator for fresh weights. It is on the CPU, so that all devices get the same weights."""
    return torch.Generator().manual_seed(int(rng_at(seed, Stream.WEIGHTS).integers(2**63)))
