"""Training of GraFPrint: two nearby clips of a track, one with noise and a room, and NT-Xent."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn.functional import pad

from fpbench import PcmAudio, Settings, TrainingAudio
from fpbench_plugins.building_blocks.contrastive.augmentation import add_noise, convolve
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
from fpbench_plugins.building_blocks.validators import require_at_least
from fpbench_plugins.grafprint.config import ARCHITECTURE, PUBLISHED, GrafprintConfig
from fpbench_plugins.grafprint.front_end import htk_filterbank
from fpbench_plugins.grafprint.network import GROUPS, GrafprintNetwork, initialise
from fpbench_plugins.grafprint.row_network import fingerprints

NAME = "grafprint"
LOUD = 0.95  # quantile of a track's magnitudes that is scaled to 1
SILENCE = 0.0005  # clips with a lower peak are not learnt from

_FLOOR = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class GrafprintRecipe(TrainingRecipe):
    """See :class:`TrainingRecipe`; ``width`` is that of the first stage. It doubles in each stage.

    Args:
        peak_stride: Mel bands between rows of nodes.
        depth: Graph blocks in each stage; the third has three times as many.
        hidden_dim: Number of features that the graph is pooled to.
        head_units: Hidden units of the projector for each element of a fingerprint.
        noise_in_room: Whether noise is added before the room, instead of after it.
    """

    peak_stride: int
    depth: int
    hidden_dim: int
    head_units: int
    noise_in_room: bool

    def __post_init__(self) -> None:
        # Not super(): a dataclass with slots is a new class, which super() does not know.
        TrainingRecipe.__post_init__(self)
        require_at_least(self, 1, "peak_stride", "depth", "hidden_dim", "head_units")
        if self.width % GROUPS:
            raise ValueError(
                f"width={self.width} is not a multiple of the network's {GROUPS} groups"
            )
        if self.spectral_mask:
            raise ValueError("spectral_mask=true, but GraFPrint is trained without masks")


PUBLISHED_RECIPE = GrafprintRecipe(
    width=64,
    peak_stride=2,
    depth=2,
    hidden_dim=1024,
    head_units=32,
    anchors=256,
    epochs=400,
    batching="anywhere",
    margin_s=0.05,
    loss="nt-xent",
    optimiser="adam",
    lr=8e-5,
    lr_end=7e-7 / 8e-5,
    lr_per="epoch",
    snr_low_db=0.0,
    snr_high_db=20.0,
    response_s=1.0,
    context_s=0.0,
    spectral_mask=False,
    noise_in_room=False,
)


def grafprint_trainable(recipe: GrafprintRecipe, settings: Settings) -> ContrastiveTrainable:
    """The network that the recipe asks for, ready for training."""
    config = replace(
        PUBLISHED,
        channels=tuple(recipe.width * 2**stage for stage in range(4)),
        blocks=tuple(recipe.depth * count for count in (1, 1, 3, 1)),
        peak_stride=recipe.peak_stride,
        hidden_dim=recipe.hidden_dim,
        head_units=recipe.head_units,
    )
    return ContrastiveTrainable(
        recipe, settings, config.sample_rate_hz, partial(_system, config, recipe, settings)
    )


def _system(config: GrafprintConfig, recipe: GrafprintRecipe, settings: Settings) -> System:
    network = build_empty(partial(GrafprintNetwork, config))
    initialise(network, weights_rng(settings.seed))
    network.to(settings.device)
    bank = torch.from_numpy(htk_filterbank(config.sample_rate_hz, config.n_fft, config.n_mels))
    bank = bank.to(settings.device)

    def front_end(anchors: Clips, positives: Clips, rng: np.random.Generator) -> Tensor:
        return log_mels(torch.cat((anchors, positives)), bank, config.stft_hop_samples)

    def embed(segments: Tensor) -> tuple[Tensor, Tensor]:
        # One after the other, so that each half has its own batch statistics.
        anchors, positives = segments.chunk(2)
        return fingerprints(network, anchors), fingerprints(network, positives)

    return System(
        name=NAME,
        architecture={name: getattr(config, name) for name in ARCHITECTURE},
        sample_rate_hz=config.sample_rate_hz,
        segment_samples=config.spec.samples,
        network=network,
        degrade=partial(draw_positives, recipe),
        front_end=front_end,
        embed=embed,
        level=loudness,
        silence=SILENCE,
    )


def loudness(recording: PcmAudio) -> float:
    """The number by which a track's clips are divided: a high quantile of its magnitudes."""
    magnitudes = np.abs(recording.astype(np.float32)) / 32_768
    return float(np.quantile(magnitudes, LOUD)) + 1e-8


def log_mels(
    clips: Clips, filterbank: Float32[Tensor, "bins mels"], hop_samples: int
) -> Float32[Tensor, "batch mels frames"]:
    """Mel power in dB of each clip, with reflected ends."""
    n_fft = 2 * (filterbank.shape[0] - 1)
    window = torch.hann_window(n_fft, device=clips.device)
    padded = pad(clips[:, None], (n_fft // 2, n_fft // 2), mode="reflect")[:, 0]
    frames = padded.unfold(1, n_fft, hop_samples) * window
    power = torch.fft.rfft(frames).abs().square() @ filterbank
    decibels: Float32[Tensor, "batch mels frames"] = 10 * power.clamp(min=_FLOOR).log10()
    return decibels.transpose(1, 2)


def draw_positives(
    recipe: GrafprintRecipe,
    clips: LongClips,
    audio: TrainingAudio,
    strength: float,
    rng: np.random.Generator,
) -> Clips:
    """Draw noise and rooms of the training set, and degrade clips with them."""
    rows, samples = len(clips), PUBLISHED.spec.samples
    taps = round(recipe.response_s * PUBLISHED.sample_rate_hz)

    def add_rooms(dry: Clips) -> Clips:
        return convolve(
            dry, draw_impulse_responses(audio.impulse_responses, rows, taps, strength, rng)
        )

    def add_background(music: Clips) -> Clips:
        noise = draw_noise(audio.noise, rows, music.shape[1], rng)
        snr_db = draw_snr_db(recipe.snr_low_db, recipe.snr_high_db, rows, strength, rng)
        return add_noise(music, noise, snr_db)

    if recipe.noise_in_room:
        return add_rooms(add_background(clips))[:, -samples:]
    return add_background(add_rooms(clips)[:, -samples:])
