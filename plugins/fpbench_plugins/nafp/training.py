"""Training of NAFP: positives with noise and a room, one mask for each batch, and NT-Xent."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from jaxtyping import Float32
from torch import Tensor

from fpbench import Settings, TrainingAudio
from fpbench_plugins.building_blocks.contrastive.augmentation import (
    convolve,
    convolve_circularly,
    mix_at_snr,
    normalise_peaks,
)
from fpbench_plugins.building_blocks.contrastive.clips import (
    Clips,
    draw_impulse_responses,
    draw_noise,
    draw_snr_db,
)
from fpbench_plugins.building_blocks.contrastive.recipe import TrainingRecipe
from fpbench_plugins.building_blocks.contrastive.separable_training import separable_trainable
from fpbench_plugins.building_blocks.contrastive.system import LongClips
from fpbench_plugins.building_blocks.contrastive.training import ContrastiveTrainable
from fpbench_plugins.nafp.config import ARCHITECTURE, PUBLISHED
from fpbench_plugins.nafp.front_end import filterbank, log_mel

NAME = "nafp"


@dataclass(frozen=True, slots=True, kw_only=True)
class NafpRecipe(TrainingRecipe):
    """See :class:`TrainingRecipe`.

    Args:
        normalise: See :class:`NafpConfig`.
        rooms: ``circular``: a clip's end rings into its start, as published. ``linear``: what
            rings after the end is cut off, and up to ``context_s`` of music before the clip rings
            in it.
    """

    normalise: Literal["segment", "batch"]
    rooms: Literal["circular", "linear"]


PUBLISHED_RECIPE = NafpRecipe(
    width=128,
    anchors=60,
    epochs=100,
    batching="segments",
    margin_s=0.2,
    loss="nt-xent-sum",
    optimiser="keras-adam",
    lr=1e-4,
    lr_end=1e-6,
    snr_low_db=0.0,
    snr_high_db=10.0,
    response_s=0.075,
    context_s=0.0,
    spectral_mask=True,
    normalise="batch",
    rooms="circular",
)


def nafp_trainable(recipe: NafpRecipe, settings: Settings) -> ContrastiveTrainable:
    """The network that the recipe asks for, ready for training."""
    config = replace(PUBLISHED, width=recipe.width, normalise=recipe.normalise)
    bank = filterbank(config).to(settings.device)
    return separable_trainable(
        NAME,
        config,
        ARCHITECTURE,
        recipe,
        settings,
        degrade=partial(draw_positives, recipe),
        images=partial(log_mel, filterbank=bank, config=config),
    )


def draw_positives(
    recipe: NafpRecipe,
    clips: LongClips,
    audio: TrainingAudio,
    strength: float,
    rng: np.random.Generator,
) -> Clips:
    """Draw noise and rooms of the training set, and degrade clips with them."""
    rows, length = clips.shape
    noise = draw_noise(audio.noise, rows, length, rng)
    snr_db = draw_snr_db(recipe.snr_low_db, recipe.snr_high_db, rows, strength, rng)
    taps = round(recipe.response_s * PUBLISHED.sample_rate_hz)
    responses = draw_impulse_responses(audio.impulse_responses, rows, taps, strength, rng)
    circular = recipe.rooms == "circular"
    return degrade(clips, noise, snr_db, responses, PUBLISHED.spec.samples, circular=circular)


def degrade(
    clips: LongClips,
    noise: LongClips,
    snr_db: Float32[Tensor, " batch"],
    responses: Float32[Tensor, "batch taps"],
    samples: int,
    *,
    circular: bool,
) -> Clips:
    """Add noise, then the room, then scale to a peak of 1.

    Args:
        clips: The last ``samples`` are kept. Music before them rings in the room.
    """
    noisy = mix_at_snr(clips, noise, snr_db)
    wet = convolve_circularly(noisy, responses) if circular else convolve(noisy, responses)
    return normalise_peaks(wet[:, -samples:])
