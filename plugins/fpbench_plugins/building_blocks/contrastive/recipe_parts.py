"""Builds what a recipe asks for: rooms, batches, learning rate, optimiser and loss."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor, nn

from fpbench import FpbenchError, PcmAudio, TrainingAudio
from fpbench_plugins.building_blocks.contrastive import losses
from fpbench_plugins.building_blocks.contrastive.batches import (
    AnywhereInTrack,
    Batches,
    OnePerTrack,
    Segments,
    SeveralPerTrack,
    ShuffledSegments,
    require_full_batch,
)
from fpbench_plugins.building_blocks.contrastive.optimisers import KerasAdam, Lamb, cosine_schedule
from fpbench_plugins.building_blocks.contrastive.recipe import TrainingRecipe
from fpbench_plugins.building_blocks.contrastive.system import Embeddings, System
from fpbench_plugins.building_blocks.impulse_responses import remove_delay

logger = logging.getLogger(__name__)


def keep_audible_responses(
    audio: TrainingAudio, system: System, recipe: TrainingRecipe
) -> TrainingAudio:
    """Leave out impulse responses of which positives would hear silence only.

    The others lose their delay if the recipe says so.

    Raises:
        FpbenchError: No response is left.
    """
    audible = recipe.audible_samples(system.sample_rate_hz, system.segment_samples)
    if audible == 0:
        return audio
    responses = [response for response in audio.impulse_responses if response.any()]
    if recipe.aligned_rooms:
        responses = [
            response[len(response) - len(remove_delay(response.astype(np.float32))) :]
            for response in responses
        ]
    responses = [response for response in responses if response[:audible].any()]
    total, audible_s = len(audio.impulse_responses), audible / system.sample_rate_hz
    if not responses:
        raise FpbenchError(
            f"all {total} impulse responses are silent in their first {audible_s:g} s, "
            "and positives hear nothing else of them",
            hint="set aligned_rooms=true or a longer response_s, or use other impulse responses",
        )
    if len(responses) < total:
        logger.warning(
            "left out %d of %d impulse responses: they are silent in their first %g s, "
            "and positives hear nothing else of them",
            total - len(responses),
            total,
            audible_s,
        )
    return replace(audio, impulse_responses=responses)


def anchor_segments(tracks: Sequence[PcmAudio], system: System, recipe: TrainingRecipe) -> Segments:
    """The segments of some tracks around which a recipe's anchors are drawn."""
    hop = round(recipe.hop_s * system.sample_rate_hz)
    return Segments.from_recordings(tracks, system.segment_samples, max(1, hop))


def held_out_segments(system: System, recipe: TrainingRecipe, audio: TrainingAudio) -> Segments:
    """The segments from which validation takes its pairs.

    Raises:
        FpbenchError: No held-out track is as long as a segment.
    """
    segments = anchor_segments(audio.held_out, system, recipe)
    if len(segments.track) == 0:
        segment_s = system.segment_samples / system.sample_rate_hz
        raise FpbenchError(
            f"none of the {len(audio.held_out)} tracks held out for validation is as long as a "
            f"segment ({segment_s:g} s)",
            hint="train on longer tracks, or choose another --seed to hold out other tracks",
        )
    return segments


def make_batches(
    system: System, recipe: TrainingRecipe, audio: TrainingAudio, seed: int
) -> Batches:
    """The batches that the recipe asks for.

    Raises:
        FpbenchError: There is too little music for one batch.
    """
    samples, rate = system.segment_samples, system.sample_rate_hz
    segments = anchor_segments(audio.music, system, recipe)
    margin, anchors = round(recipe.margin_s * rate), recipe.anchors
    if recipe.batching == "segments":
        whole = ShuffledSegments(segments=segments, anchors=anchors, margin=margin, seed=seed)
        return require_full_batch(whole, len(segments.track), "segments", anchors)
    if recipe.per_track is not None:
        groups = SeveralPerTrack(
            segments=segments,
            anchors=anchors,
            per_track=recipe.per_track,
            margin=margin,
            seed=seed,
        )
        available = groups.groups * recipe.per_track
        return require_full_batch(
            groups, available, f"segments in groups of {recipe.per_track}", anchors
        )
    if recipe.batching == "tracks":
        turns = OnePerTrack(segments=segments, anchors=anchors, margin=margin, seed=seed)
        return require_full_batch(turns, len(np.unique(segments.track)), "tracks", anchors)
    anywhere = AnywhereInTrack.from_recordings(
        audio.music, samples, anchors=anchors, margin=margin, seed=seed
    )
    return require_full_batch(anywhere, len(anywhere.tracks), "tracks", anchors)


def learning_rate(recipe: TrainingRecipe, step: int, steps: int, per_epoch: int) -> float:
    """The learning rate of one step."""
    if recipe.lr_per == "epoch":
        return recipe.lr * cosine_schedule(step // per_epoch, steps // per_epoch, end=recipe.lr_end)
    return recipe.lr * cosine_schedule(step, steps, end=recipe.lr_end, warm_up=recipe.warm_up)


def make_optimiser(recipe: TrainingRecipe, network: nn.Module) -> torch.optim.Optimizer:
    """A new optimiser for all weights of a network."""
    if recipe.optimiser == "lamb":
        return Lamb(network.parameters(), recipe.lr)
    if recipe.optimiser == "keras-adam":
        return KerasAdam(network.parameters(), recipe.lr)
    return torch.optim.Adam(network.parameters(), recipe.lr)


def contrastive_loss(
    recipe: TrainingRecipe, anchors: Embeddings, positives: Embeddings
) -> Float32[Tensor, ""]:
    """The loss that the recipe names."""
    anchors, positives = anchors.float(), positives.float()
    match recipe.loss:
        case "nt-xent":
            return losses.nt_xent(anchors, positives, recipe.temperature)
        case "nt-xent-sum":
            return 2 * losses.nt_xent(anchors, positives, recipe.temperature)
        case "triplet":
            labels = torch.arange(len(anchors), device=anchors.device).repeat(2)
            both = torch.cat((anchors, positives))
            return losses.triplet(both, labels, recipe.triplet_margin)
        case "decoupled":
            return losses.decoupled_nt_xent(anchors, positives, recipe.temperature)
        case "kernel-contrastive":
            return losses.kernel_contrastive(anchors, positives, t=2.0, gamma=16.0)
        case "alignment-uniformity":
            return losses.alignment_uniformity(anchors, positives, alpha=2.0, t=2.0)
