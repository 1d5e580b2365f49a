"""Weights files of the published sizes, because what comes with a plugin may be smaller."""

import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from torch import nn

from fpbench.encoders.weights import WeightsInfo, write_weights
from fpbench_plugins.building_blocks.encoders.separable_encoder import SeparableEncoder
from fpbench_plugins.building_blocks.encoders.weights import build_empty, weights_rng
from fpbench_plugins.grafprint import config as grafprint
from fpbench_plugins.grafprint import network as grafprint_network
from fpbench_plugins.nafp import config as nafp
from fpbench_plugins.nmfp import config as nmfp
from fpbench_plugins.peaknetfp import config as peaknetfp
from fpbench_plugins.peaknetfp import network as peaknetfp_network


def _separable(encoder: object) -> nn.Module:
    network = build_empty(lambda: SeparableEncoder(encoder))
    network.initialise(weights_rng(0))
    return network


def _graph() -> nn.Module:
    network = build_empty(lambda: grafprint_network.GrafprintNetwork(grafprint.PUBLISHED))
    grafprint_network.initialise(network, weights_rng(0))
    return network


def _peaks() -> nn.Module:
    network = build_empty(lambda: peaknetfp_network.PeakNetFpNetwork(peaknetfp.PUBLISHED))
    peaknetfp_network.initialise(network, weights_rng(0))
    return network


SYSTEMS: dict[str, tuple[Callable[[], nn.Module], object, Sequence[str]]] = {
    "nafp": (lambda: _separable(nafp.PUBLISHED.encoder), nafp.PUBLISHED, nafp.ARCHITECTURE),
    "nmfp": (lambda: _separable(nmfp.PUBLISHED.encoder), nmfp.PUBLISHED, nmfp.ARCHITECTURE),
    "grafprint": (_graph, grafprint.PUBLISHED, grafprint.ARCHITECTURE),
    "peaknetfp": (_peaks, peaknetfp.PUBLISHED, peaknetfp.ARCHITECTURE),
}


@cache
def fresh_weights(name: str) -> Path:
    """A file with the weights that seed 0 gives one of the four systems."""
    build, config, fields = SYSTEMS[name]
    tensors = {key: tensor.numpy() for key, tensor in build().state_dict().items()}
    said = {field: getattr(config, field) for field in fields}
    path = Path(tempfile.mkdtemp()) / f"{name}.safetensors"
    write_weights(path, tensors, WeightsInfo(fingerprinter=name, config=said, source="seed 0"))
    return path
