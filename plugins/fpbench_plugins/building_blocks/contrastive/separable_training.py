"""Training of the systems with a separable encoder: NAFP and NMFP."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from fpbench import FingerprintSpec, Settings
from fpbench_plugins.building_blocks.contrastive.augmentation import apply_spectral_mask
from fpbench_plugins.building_blocks.contrastive.clips import Clips
from fpbench_plugins.building_blocks.contrastive.recipe import TrainingRecipe
from fpbench_plugins.building_blocks.contrastive.system import Degrade, System
from fpbench_plugins.building_blocks.contrastive.training import ContrastiveTrainable
from fpbench_plugins.building_blocks.encoders.separable_encoder import (
    SeparableEncoder,
    to_unit_length,
)
from fpbench_plugins.building_blocks.encoders.separable_layout import EncoderConfig
from fpbench_plugins.building_blocks.encoders.weights import weights_rng

Embeddings = Float32[Tensor, "batch dim"]
Images = Float32[Tensor, "both mels frames"]


@runtime_checkable
class SeparableConfig(Protocol):
    """What the configs of these systems have in common."""

    @property
    def sample_rate_hz(self) -> int: ...

    @property
    def spec(self) -> FingerprintSpec: ...

    @property
    def encoder(self) -> EncoderConfig: ...


def separable_trainable(
    name: str,
    config: SeparableConfig,
    fields: Sequence[str],
    recipe: TrainingRecipe,
    settings: Settings,
    *,
    degrade: Degrade,
    images: Callable[[Clips], Images],
) -> ContrastiveTrainable:
    """A system with a separable encoder, ready for training.

    Args:
        fields: Fields of the config that decide the network.
        images: Turns clips into the network's input.
    """

    def system() -> System:
        network = SeparableEncoder(config.encoder)
        network.initialise(weights_rng(settings.seed))
        network.to(settings.device)

        def front_end(anchors: Clips, positives: Clips, rng: np.random.Generator) -> Tensor:
            both = images(torch.cat((anchors, positives)))
            mask = recipe.spectral_mask and network.training
            return apply_spectral_mask(both, rng) if mask else both

        return System(
            name=name,
            architecture={field: getattr(config, field) for field in fields},
            sample_rate_hz=config.sample_rate_hz,
            segment_samples=config.spec.samples,
            network=network,
            degrade=degrade,
            front_end=front_end,
            embed=partial(embed_pair, network),
        )

    return ContrastiveTrainable(recipe, settings, config.sample_rate_hz, system)


def embed_pair(network: SeparableEncoder, images: Images) -> tuple[Embeddings, Embeddings]:
    """Fingerprints of the first half of the images, and of the second half."""
    features = network.convolve(images)
    # 16 bits are too few in the last layers: neighbouring segments would get equal fingerprints.
    with torch.autocast(features.device.type, enabled=False):
        fingerprints = to_unit_length(network.divide(features.float()))
    anchors, positives = fingerprints.chunk(2)
    return anchors, positives
