"""The separable encoder on a batch of anchors and positives."""

import torch
from jaxtyping import Float32
from torch import Tensor

from fpbench_plugins.building_blocks.separable_encoder import SeparableEncoder, unit

Embeddings = Float32[Tensor, "batch dim"]


def embedded_pair(
    network: SeparableEncoder, images: Float32[Tensor, "both mels frames"]
) -> tuple[Embeddings, Embeddings]:
    """Fingerprints of the first half of the images and of the second."""
    features = network.convolve(images)
    # Sixteen bits are too few for the last layers: neighbouring segments would become equal.
    with torch.autocast(features.device.type, enabled=False):
        fingerprints = unit(network.divide(features.float()))
    anchors, positives = fingerprints.chunk(2)
    return anchors, positives
