"""Front end, peak picking and network with weights."""

from functools import partial

from jaxtyping import Float32
from torch import Tensor

from fpbench import Fingerprinter, Settings
from fpbench_plugins.building_blocks.encoders.segment_fingerprinter import SegmentFingerprinter
from fpbench_plugins.building_blocks.encoders.weights import load_network
from fpbench_plugins.peaknetfp.config import ARCHITECTURE, PUBLISHED, PeakNetFpConfig
from fpbench_plugins.peaknetfp.front_end import filterbank, levels
from fpbench_plugins.peaknetfp.network import PeakNetFpNetwork, initialise
from fpbench_plugins.peaknetfp.peaks import peak_points

NAME = "peaknetfp"


def load_peaknetfp(config: PeakNetFpConfig, settings: Settings) -> Fingerprinter:
    """A fingerprinter with the user's weights, the shipped weights, or fresh ones."""
    config, network = load_network(
        NAME,
        config,
        PUBLISHED,
        ARCHITECTURE,
        settings,
        build=PeakNetFpNetwork,
        initialise=initialise,
    )
    if settings.dtype == "bfloat16":
        network.reduce_precision()
    bank = filterbank(config).to(settings.device)
    return SegmentFingerprinter(
        config.spec,
        partial(segment_points, filterbank=bank, config=config),
        network,
        settings.device,
    )


def segment_points(
    segments: Float32[Tensor, "batch samples"],
    filterbank: Float32[Tensor, "bins mels"],
    config: PeakNetFpConfig,
) -> Float32[Tensor, "batch points 3"]:
    """The network's input: the peaks of each segment."""
    return peak_points(levels(segments, filterbank, config), config)
