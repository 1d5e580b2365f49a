"""Training of NMFP: no track twice in a batch, rooms with earlier music, and a triplet loss."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Float32
from torch import Tensor

from fpbench import Settings, TrainingAudio
from fpbench_plugins.building_blocks.contrastive.augmentation import (
    convolve,
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
from fpbench_plugins.building_blocks.validators import require_at_least
from fpbench_plugins.nmfp.config import ARCHITECTURE, PUBLISHED
from fpbench_plugins.nmfp.front_end import filterbank, log_mel

NAME = "nmfp"


@dataclass(frozen=True, slots=True, kw_only=True)
class NmfpRecipe(TrainingRecipe):
    """See :class:`TrainingRecipe`.

    Args:
        microphone_s: Length to which microphones' impulse responses are cut; 0 means none.
            Datasets do not separate them from those of rooms, so they are drawn from all.
    """

    microphone_s: float

    def __post_init__(self) -> None:
        # Not super(): a dataclass with slots is a new class, which super() does not know.
        TrainingRecipe.__post_init__(self)
        require_at_least(self, 0, "microphone_s")

    def audible_samples(self, sample_rate_hz: int, segment_samples: int) -> int:
        of_rooms = TrainingRecipe.audible_samples(self, sample_rate_hz, segment_samples)
        of_microphones = min(round(self.microphone_s * sample_rate_hz), segment_samples)
        return min((n for n in (of_rooms, of_microphones) if n > 0), default=0)


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


def nmfp_trainable(recipe: NmfpRecipe, settings: Settings) -> ContrastiveTrainable:
    """The network that the recipe asks for, ready for training."""
    config = replace(PUBLISHED, width=recipe.width)
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
    recipe: NmfpRecipe,
    clips: LongClips,
    audio: TrainingAudio,
    strength: float,
    rng: np.random.Generator,
) -> Clips:
    """Draw noise, rooms and microphones of the training set, and degrade clips with them."""
    rows, length = clips.shape
    noise = draw_noise(audio.noise, rows, length, rng)
    snr_db = draw_snr_db(recipe.snr_low_db, recipe.snr_high_db, rows, strength, rng)
    rate = PUBLISHED.sample_rate_hz
    responses = draw_impulse_responses(
        audio.impulse_responses, rows, round(recipe.response_s * rate), strength, rng
    )
    microphones = None
    if recipe.microphone_s > 0:
        microphones = draw_impulse_responses(
            audio.impulse_responses, rows, round(recipe.microphone_s * rate), strength, rng
        )
    return degrade(clips, noise, snr_db, responses, microphones, samples=PUBLISHED.spec.samples)


def degrade(
    clips: LongClips,
    noise: LongClips,
    snr_db: Float32[Tensor, " batch"],
    responses: Float32[Tensor, "batch taps"],
    microphones: Float32[Tensor, "batch microphone_taps"] | None,
    *,
    samples: int,
) -> Clips:
    """Add noise, then the room (with the music before the clip), then a microphone (without it).

    Each step ends with a peak of 1. So the random gains between the steps of the published chain
    have no effect, and are left out.

    Args:
        clips: The last ``samples`` are kept. Music before them rings in the room.
    """
    noisy = mix_at_snr(clips, noise, snr_db)
    wet = normalise_peaks(convolve(noisy, responses))[:, -samples:]
    if microphones is None:
        return wet
    return normalise_peaks(convolve(wet, microphones))
