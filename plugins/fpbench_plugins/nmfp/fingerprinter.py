"""Front end and encoder with weights."""

from functools import partial

from fpbench import Fingerprinter, Settings
from fpbench_plugins.building_blocks.encoders.segment_fingerprinter import SegmentFingerprinter
from fpbench_plugins.building_blocks.encoders.separable_encoder import SeparableEncoder
from fpbench_plugins.building_blocks.encoders.weights import load_network
from fpbench_plugins.nmfp.config import ARCHITECTURE, PUBLISHED, NmfpConfig
from fpbench_plugins.nmfp.front_end import filterbank, log_mel


def load_nmfp(config: NmfpConfig, settings: Settings) -> Fingerprinter:
    """A fingerprinter with the user's weights, the shipped weights, or fresh ones."""
    config, network = load_network(
        "nmfp",
        config,
        PUBLISHED,
        ARCHITECTURE,
        settings,
        build=lambda config: SeparableEncoder(config.encoder),
        initialise=SeparableEncoder.initialise,
    )
    if settings.dtype == "bfloat16":
        network.reduce_precision()
    front_end = partial(log_mel, filterbank=filterbank(config).to(settings.device), config=config)
    return SegmentFingerprinter(config.spec, front_end, network, settings.device)
