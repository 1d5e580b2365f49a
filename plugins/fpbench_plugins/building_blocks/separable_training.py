"""The separable encoder on a batch of anchors and positives."""

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from fpbench_plugins.building_blocks.augmentation import spectral_mask
from fpbench_plugins.building_blocks.separable_encoder import SeparableEncoder, unit

Embeddings = Float32[Tensor, "batch dim"]


def embedded_pair(
    network: SeparableEncoder,
    images: Float32[Tensor, "both mels frames"],
    mask_rng: np.random.Generator | None,
) -> tuple[Embeddings, Embeddings]:
    """Fingerprints of the first half of the images and of the second.

    Args:
        mask_rng: Draws one mask for all of them; None for no mask. Masked cells become 0, which is
            not silence but the loudest level (NAFP) or the middle of the range (NMFP).
    """
    if mask_rng is not None:
        mask = spectral_mask(images.shape[1], images.shape[2], mask_rng)
        images = images.masked_fill(torch.from_numpy(mask).to(images.device), 0)
    features = network.convolve(images)
    # Sixteen bits are too few for the last layers: neighbouring segments would become equal.
    with torch.autocast(features.device.type, enabled=False):
        fingerprints = unit(network.divide(features.float()))
    anchors, positives = fingerprints.chunk(2)
    return anchors, positives
