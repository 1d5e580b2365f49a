"""Training of PeakNetFP: one mask for each batch, positives stretched in time, and NT-Xent."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from fpbench import Settings, TrainingAudio
from fpbench_plugins.building_blocks.contrastive.augmentation import (
    apply_spectral_mask,
    convolve,
    mix_at_snr,
    normalise_peaks,
    stretch,
)
from fpbench_plugins.building_blocks.contrastive.clips import (
    Clips,
    draw_impulse_responses,
    draw_noise,
    draw_snr_db,
)
from fpbench_plugins.building_blocks.contrastive.recipe import TrainingRecipe
from fpbench_plugins.building_blocks.contrastive.system import LongClips, System
from fpbench_plugins.building_blocks.contrastive.training import ContrastiveTrainable
from fpbench_plugins.building_blocks.encoders.weights import build_empty, weights_rng
from fpbench_plugins.peaknetfp.config import ARCHITECTURE, PUBLISHED, PeakNetFpConfig
from fpbench_plugins.peaknetfp.front_end import Images, filterbank, levels
from fpbench_plugins.peaknetfp.network import PeakNetFpNetwork, initialise
from fpbench_plugins.peaknetfp.peaks import peak_points

NAME = "peaknetfp"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakNetFpRecipe(TrainingRecipe):
    """See :class:`TrainingRecipe`; ``width`` is that of the first layer. All others scale with it.

    Args:
        degraded: Whether positives get noise and rooms. The published ones do not.
        stretch_low: Slowest tempo of a batch's positives, at least 0.5.
        stretch_high: Fastest tempo, at most 2. A tempo is drawn for each batch, as in the paper;
            the authors' code draws one for each process.
    """

    degraded: bool
    stretch_low: float
    stretch_high: float

    def __post_init__(self) -> None:
        # Not super(): a dataclass with slots is a new class, which super() does not know.
        TrainingRecipe.__post_init__(self)
        if not 0.5 <= self.stretch_low <= self.stretch_high <= 2:
            raise ValueError(
                f"stretch_low={self.stretch_low} and stretch_high={self.stretch_high}, but they "
                "must be from 0.5 to 2 and in this order"
            )

    def audible_samples(self, sample_rate_hz: int, segment_samples: int) -> int:
        audible = TrainingRecipe.audible_samples(self, sample_rate_hz, segment_samples)
        return audible if self.degraded else 0


PUBLISHED_RECIPE = PeakNetFpRecipe(
    width=PUBLISHED.widths_1[0],
    anchors=120,
    epochs=100,
    batching="segments",
    margin_s=0.2,
    loss="nt-xent-sum",
    optimiser="keras-adam",
    lr=1e-4,
    lr_end=1e-6,
    snr_low_db=0.0,
    snr_high_db=10.0,
    response_s=0.0,
    context_s=0.0,
    spectral_mask=True,
    degraded=False,
    stretch_low=0.5,
    stretch_high=2.0,
)


def peaknetfp_trainable(recipe: PeakNetFpRecipe, settings: Settings) -> ContrastiveTrainable:
    """The network that the recipe asks for, ready for training."""

    def scale_widths(widths: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(max(1, width * recipe.width // PUBLISHED.widths_1[0]) for width in widths)

    config = replace(
        PUBLISHED,
        widths_1=scale_widths(PUBLISHED.widths_1),
        widths_2=scale_widths(PUBLISHED.widths_2),
        widths_3=scale_widths(PUBLISHED.widths_3),
    )
    return ContrastiveTrainable(
        recipe, settings, config.sample_rate_hz, partial(_system, config, recipe, settings)
    )


def _system(config: PeakNetFpConfig, recipe: PeakNetFpRecipe, settings: Settings) -> System:
    network = build_empty(partial(PeakNetFpNetwork, config))
    initialise(network, weights_rng(settings.seed))
    network.to(settings.device)
    bank = filterbank(config).to(settings.device)

    def front_end(anchors: Clips, positives: Clips, rng: np.random.Generator) -> Tensor:
        images = levels(torch.cat((anchors, positives)), bank, config)
        if recipe.spectral_mask and network.training:
            images = apply_spectral_mask(images, rng)
        clean, other = images.chunk(2)
        return peak_points(torch.cat((clean, stretch_randomly(other, recipe, rng))), config)

    def embed(points: Tensor) -> tuple[Tensor, Tensor]:
        anchors, positives = network(points).chunk(2)
        return anchors, positives

    return System(
        name=NAME,
        architecture={name: getattr(config, name) for name in ARCHITECTURE},
        sample_rate_hz=config.sample_rate_hz,
        segment_samples=config.spec.samples,
        network=network,
        degrade=partial(draw_positives, recipe),
        front_end=front_end,
        embed=embed,
    )


def draw_positives(
    recipe: PeakNetFpRecipe,
    clips: LongClips,
    audio: TrainingAudio,
    strength: float,
    rng: np.random.Generator,
) -> Clips:
    """Draw noise and rooms of the training set and degrade clips, if the recipe asks for it."""
    if not recipe.degraded:
        return clips[:, -PUBLISHED.spec.samples :]
    rows, length = clips.shape
    noise = draw_noise(audio.noise, rows, length, rng)
    snr_db = draw_snr_db(recipe.snr_low_db, recipe.snr_high_db, rows, strength, rng)
    noisy = mix_at_snr(clips, noise, snr_db)
    taps = round(recipe.response_s * PUBLISHED.sample_rate_hz)
    wet = convolve(
        noisy, draw_impulse_responses(audio.impulse_responses, rows, taps, strength, rng)
    )
    return normalise_peaks(wet[:, -PUBLISHED.spec.samples :])


def stretch_randomly(images: Images, recipe: PeakNetFpRecipe, rng: np.random.Generator) -> Images:
    """Stretch images by a tempo drawn for the whole batch, in percent with one decimal."""
    factor = round(rng.uniform(recipe.stretch_low, recipe.stretch_high), 3)
    too_many = int(np.ceil(images.shape[2] / factor)) - images.shape[2]
    start = int(rng.integers(0, too_many)) if too_many > 0 else 0
    return stretch(images, factor, start)
