"""How NMFP is trained: tracks never meet themselves, rooms remember, triplets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from fpbench import Settings, Trainee, TrainingAudio
from fpbench_plugins.building_blocks.augmentation import convolved, masked, mixed, peak_normalised
from fpbench_plugins.building_blocks.contrastive import ContrastiveTrainee, Longer, System
from fpbench_plugins.building_blocks.pairs import Clips, backgrounds, ratios_db, rooms
from fpbench_plugins.building_blocks.recipe import Recipe
from fpbench_plugins.building_blocks.separable_encoder import SeparableEncoder
from fpbench_plugins.building_blocks.separable_training import embedded_pair
from fpbench_plugins.building_blocks.weights import weights_rng
from fpbench_plugins.nmfp.config import ARCHITECTURE, PUBLISHED
from fpbench_plugins.nmfp.front_end import filterbank, log_mel

NAME = "nmfp"


@dataclass(frozen=True, slots=True, kw_only=True)
class NmfpRecipe(Recipe):
    """See :class:`Recipe`.

    Args:
        microphone_s: Microphones' impulse responses are cut to this; 0 leaves them out. Datasets
            don't tell them from rooms', so they are drawn from all.
    """

    microphone_s: float


PUBLISHED_RECIPE = NmfpRecipe(
    width=128,
    anchors=768,
    epochs=100,
    batching="tracks",
    margin_s=0.25,
    loss="triplet",
    triplet_margin=0.5,
    optimiser="keras-adam",
    lr=1e-4,
    lr_end=1e-6,
    snr_low_db=0.0,
    snr_high_db=10.0,
    response_s=2.0,
    context_s=1.0,
    spectral_mask=True,
    microphone_s=1.0,
)


class NmfpTrainable:
    """Implements :class:`fpbench.Trainable`."""

    def __init__(self, recipe: NmfpRecipe, settings: Settings) -> None:
        self._recipe, self._settings = recipe, settings
        self._config = replace(PUBLISHED, width=recipe.width)
        self.sample_rate_hz = self._config.sample_rate_hz

    def start(self, audio: TrainingAudio, /) -> Trainee:
        recipe, config = self._recipe, self._config
        network = SeparableEncoder(config.encoder)
        network.initialise(weights_rng(self._settings.seed))
        network.to(self._settings.device)
        bank = filterbank(config).to(self._settings.device)

        def degrade(
            before: Longer, audio: TrainingAudio, strength: float, rng: np.random.Generator
        ) -> Clips:
            return drawn_degradation(before, audio, recipe, strength, rng)

        def front_end(anchors: Clips, positives: Clips, rng: np.random.Generator) -> Tensor:
            images = log_mel(torch.cat((anchors, positives)), bank, config)
            return masked(images, rng) if recipe.spectral_mask and network.training else images

        architecture: Mapping[str, object] = {name: getattr(config, name) for name in ARCHITECTURE}
        system = System(
            name=NAME,
            architecture=architecture,
            sample_rate_hz=config.sample_rate_hz,
            segment_samples=config.spec.samples,
            network=network,
            degrade=degrade,
            front_end=front_end,
            embed=partial(embedded_pair, network),
        )
        return ContrastiveTrainee(system, recipe, audio, self._settings)


def drawn_degradation(
    before: Longer,
    audio: TrainingAudio,
    recipe: NmfpRecipe,
    strength: float,
    rng: np.random.Generator,
) -> Clips:
    """Positives in noise, rooms and microphones of the training set."""
    rows, length = before.shape
    noise = backgrounds(audio.noise, rows, length, rng)
    snr_db = ratios_db(recipe.snr_low_db, recipe.snr_high_db, rows, strength, rng)
    rate = PUBLISHED.sample_rate_hz
    responses = rooms(audio.impulse_responses, rows, round(recipe.response_s * rate), strength, rng)
    microphones = None
    if recipe.microphone_s > 0:
        microphones = rooms(
            audio.impulse_responses, rows, round(recipe.microphone_s * rate), strength, rng
        )
    return degraded(before, noise, snr_db, responses, microphones, samples=PUBLISHED.spec.samples)


def degraded(
    before: Longer,
    noise: Longer,
    snr_db: Float32[Tensor, " batch"],
    responses: Float32[Tensor, "batch taps"],
    microphones: Float32[Tensor, "batch microphone_taps"] | None,
    *,
    samples: int,
) -> Clips:
    """Noise, then the room with what came before the clip, then a microphone without.

    Each step ends at a peak of 1, so the random gains between them in the published chain change
    nothing and are left out.

    Args:
        before: Longer of ``samples``, and any music before them.
    """
    noisy = mixed(before, noise, snr_db)
    wet = peak_normalised(convolved(noisy, responses))[:, -samples:]
    if microphones is None:
        return wet
    return peak_normalised(convolved(wet, microphones))
