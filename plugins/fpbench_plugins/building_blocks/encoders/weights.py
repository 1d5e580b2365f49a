"""From a weights file, or from a seed, to a network that has its weights."""

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
    """A network with a file's weights, the shipped ones, or fresh ones.

    Fresh ones, from the settings' seed, where the config asks for another network than the
    published one.

    Args:
        name: Of the fingerprinter, whose plugin's folder has the same name.
        published: What the config is without changes.
        fields: That decide the network.

    Returns:
        The config that the weights are made for, and the network.

    Raises:
        FpbenchError: The file is another system's, or does not fit.
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
    config: Config, said: Mapping[str, object], fields: Sequence[str], path: Path
) -> Config:
    """A config whose network is the one that a weights file was made for.

    Args:
        said: The config part of the file's metadata.
        fields: The config's fields that decide the network; the file wins over the user there.

    Raises:
        FpbenchError: The file says something else, or a value that does not fit.
    """
    unknown = set(said) - set(fields)
    if unknown:
        raise FpbenchError(
            f"{path} was made for another network: it sets {', '.join(sorted(unknown))}",
            hint="update fpbench, or import the checkpoint again",
        )
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in said.items()}
    try:
        return dataclasses.replace(config, **values)
    except (TypeError, ValueError) as err:
        raise FpbenchError(f"{path} describes no possible network: {err}") from err


def shipped_weights_path(
    name: str, config: Config, published: Config, fields: Sequence[str]
) -> Path | None:
    """The weights that come with a plugin, said in the log to be ours and not the authors'.

    Args:
        name: Of the fingerprinter, whose plugin's folder has the same name.
        published: What the config is without changes.
        fields: That decide the network.

    Returns:
        None if the user changed the network, which no shipped weights fit.
    """
    if any(getattr(config, field) != getattr(published, field) for field in fields):
        return None
    path = Path(str(files(f"fpbench_plugins.{name}") / "weights" / "fpbench-small.safetensors"))
    if not path.is_file():
        return None
    logger.warning(
        "%s runs with fpbench's own small weights, not its authors': "
        "`fpbench weights list` says how to get those",
        name,
    )
    return path


def build_empty(build: Callable[[], Network]) -> Network:
    """A network without values yet; torch's constructors would draw global random numbers."""
    with torch.device("meta"):
        network = build()
    return network.to_empty(device="cpu")


def fill(network: nn.Module, tensors: Mapping[str, np.ndarray], path: Path) -> None:
    """Put a file's tensors into a network that must want exactly these.

    Raises:
        FpbenchError: Names or shapes differ; the first few are listed.
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
    """The address of a network's first weights. They know nothing, which the log says."""
    logger.warning(
        "%s has random weights (seed %d): its fingerprints are those of an untrained network",
        fingerprinter,
        seed,
    )
    return weights_rng(seed)


def weights_rng(seed: int) -> torch.Generator:
    """Draws fresh weights on the CPU, so that every device gets the same."""
    return torch.Generator().manual_seed(int(rng_at(seed, Stream.WEIGHTS).integers(2**63)))
