"""Front end and encoder with their weights."""

from functools import partial

from fpbench import Fingerprinter, Settings
from fpbench.weights import load_weights
from fpbench_plugins.building_blocks.segment_fingerprinter import SegmentFingerprinter
from fpbench_plugins.building_blocks.separable_encoder import SeparableEncoder
from fpbench_plugins.building_blocks.weights import fill, fitted, fresh_rng, shipped
from fpbench_plugins.nmfp.config import ARCHITECTURE, PUBLISHED, NmfpConfig
from fpbench_plugins.nmfp.front_end import filterbank, log_mel


def nmfp(config: NmfpConfig, settings: Settings) -> Fingerprinter:
    """A fingerprinter with a file's weights, the shipped ones, or fresh ones.

    Fresh ones where the config asks for another network than the published one.
    """
    weights = settings.weights or shipped("nmfp", config, PUBLISHED, ARCHITECTURE)
    if weights is None:
        network = SeparableEncoder(config.encoder)
        network.initialise(fresh_rng("nmfp", settings.seed))
    else:
        tensors, info = load_weights(weights, "nmfp")
        config = fitted(config, info.config, ARCHITECTURE, weights)
        network = SeparableEncoder(config.encoder)
        fill(network, tensors, weights)
    if settings.dtype == "bfloat16":
        network.reduce_precision()
    front_end = partial(log_mel, filterbank=filterbank(config).to(settings.device), config=config)
    return SegmentFingerprinter(config.spec, front_end, network, settings.device)
