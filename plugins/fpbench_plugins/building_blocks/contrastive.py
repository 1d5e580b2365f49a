"""One step after another: two views of some music, their fingerprints, a loss, an update."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor, nn

from fpbench import FpbenchError, PcmAudio, Settings, Stream, TrainingAudio, Vectors, rng_at
from fpbench.encoders.weights import WeightsInfo, load_weights, write_weights
from fpbench.hashing import file_sha256
from fpbench_plugins.building_blocks import losses
from fpbench_plugins.building_blocks.impulse_responses import from_direct_sound
from fpbench_plugins.building_blocks.optimisers import Adam, Lamb, cosine
from fpbench_plugins.building_blocks.pairs import (
    DRAWS,
    VALIDATION,
    AnywhereInTrack,
    Batches,
    Clips,
    OnePerTrack,
    Places,
    Segments,
    SeveralPerTrack,
    ShuffledSegments,
    clips,
    enough,
)
from fpbench_plugins.building_blocks.recipe import Recipe
from fpbench_plugins.building_blocks.weights import fill

Embeddings = Float32[Tensor, "batch dim"]
Longer = Float32[Tensor, "batch longer"]

Degrade = Callable[[Longer, TrainingAudio, float, np.random.Generator], Clips]
"""Positives from clean clips that start ``context_s`` early, which are without that afterwards.

The number is the strength of the degradation, from 0 to 1.
"""

FrontEnd = Callable[[Clips, Clips, np.random.Generator], Tensor]
"""What the network sees of anchors and, in its second half, of positives; always exact."""

Embed = Callable[[Tensor], tuple[Embeddings, Embeddings]]
"""Fingerprints of both halves, computed in 16 bits where the user asks for it."""


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What one fingerprinter is, for training.

    Args:
        name: Of the fingerprinter.
        architecture: What its weights files say about the network.
        sample_rate_hz: Of all clips.
        segment_samples: Length of an anchor.
        network: With fresh weights, on the device.
        degrade: Draws from the generator whatever it needs.
        front_end: Masks spectrograms only while the network is in training mode.
        level: Divides a track's clips; 1 if levels are left as they are.
        silence: Pairs with an end that never exceeds this, before division, are left out.
    """

    name: str
    architecture: Mapping[str, object]
    sample_rate_hz: int
    segment_samples: int
    network: nn.Module
    degrade: Degrade
    front_end: FrontEnd
    embed: Embed
    level: Callable[[PcmAudio], float] | None = None
    silence: float = 0.0


class ContrastiveTrainable:
    """Implements :class:`fpbench.Trainable`.

    Args:
        system: Made when the training starts.
    """

    def __init__(
        self,
        recipe: Recipe,
        settings: Settings,
        sample_rate_hz: int,
        system: Callable[[], System],
    ) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._recipe, self._settings, self._system = recipe, settings, system

    def start(self, audio: TrainingAudio, /) -> "ContrastiveTrainee":
        return ContrastiveTrainee(self._system(), self._recipe, audio, self._settings)


class ContrastiveTrainee:
    """Implements :class:`fpbench.Trainee`."""

    def __init__(
        self, system: System, recipe: Recipe, audio: TrainingAudio, settings: Settings
    ) -> None:
        self._system, self._recipe = system, recipe
        self._before_sha256 = file_sha256(settings.weights) if settings.weights else None
        if settings.weights is not None:
            take_over(system, settings.weights)
        self._audio = with_audible_rooms(audio, system, recipe)
        self._settings = settings
        self._batches = batches(system, recipe, audio, settings.seed)
        self._held_out = held_out_segments(system, recipe, audio)
        self._optimiser = optimiser(recipe, system.network)
        level = system.level
        self._levels, self._held_out_levels = (
            np.array([level(track) if level else 1.0 for track in tracks], dtype=np.float32)
            for tracks in (audio.music, audio.held_out)
        )

    @property
    def steps(self) -> int:
        steps = self._recipe.steps
        return self._recipe.epochs * self._batches.per_epoch if steps is None else steps

    @property
    def description(self) -> Mapping[str, bool | int | float | str | None]:
        return self._recipe.description()

    def step(self, number: int, /) -> float:
        rng = rng_at(self._settings.seed, Stream.TRAINING, DRAWS, number)
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate(self._recipe, number, self.steps, self._batches.per_epoch)
        self._system.network.train()
        places = self._batches.places(number, rng)
        strength = self._recipe.strength(number)
        loss = objective(self._recipe, *self._views(places, strength, rng))
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's stubs leave it untyped
        self._optimiser.step()
        return float(loss.detach())

    @torch.no_grad()
    def pairs(self, n: int, /) -> tuple[Vectors, Vectors]:
        self._system.network.eval()
        seed, anchors = self._settings.seed, self._recipe.anchors
        count = len(self._held_out.track)
        order = rng_at(seed, Stream.TRAINING, VALIDATION).permutation(count)[:n]
        parts = []
        for batch, first in enumerate(range(0, len(order), anchors)):
            rng = rng_at(seed, Stream.TRAINING, VALIDATION, batch)
            places = self._held_out.shifted(order[first : first + anchors], self._margin, rng)
            parts.append(self._views(places, 1.0, rng, held_out=True))
        references, queries = (torch.cat(side).cpu().numpy() for side in zip(*parts, strict=True))
        return references, queries

    def state(self) -> Mapping[str, np.ndarray]:
        arrays = {
            f"network.{name}": tensor.cpu().numpy()
            for name, tensor in self._system.network.state_dict().items()
        }
        for index, state in self._optimiser.state_dict()["state"].items():
            for name, value in state.items():
                arrays[f"optimiser.{index}.{name}"] = torch.as_tensor(value).cpu().numpy()
        return arrays

    def restore(self, state: Mapping[str, np.ndarray], /) -> None:
        network, moments = {}, dict[int, dict[str, Any]]()
        for key, array in state.items():
            part, _, name = key.partition(".")
            if part == "network":
                network[name] = torch.from_numpy(np.array(array))
            else:
                index, _, name = name.partition(".")
                value = torch.from_numpy(np.array(array))
                # Our own optimisers count steps in Python; torch's in a tensor.
                whole = name == "step" and not value.is_floating_point()
                moments.setdefault(int(index), {})[name] = int(value) if whole else value
        self._system.network.load_state_dict(network)
        fresh = self._optimiser.state_dict()
        self._optimiser.load_state_dict({"state": moments, "param_groups": fresh["param_groups"]})

    def save(self, path: Path, done: int, /) -> None:
        tensors = {
            name: tensor.cpu().numpy().astype(self._recipe.saved_as)
            for name, tensor in self._system.network.state_dict().items()
        }
        steps = f"{self.steps}" if done == self.steps else f"{done} of {self.steps}"
        source = f"fpbench train, {steps} steps, seed {self._settings.seed}"
        before = self._settings.weights
        info = WeightsInfo(
            fingerprinter=self._system.name,
            config=self._system.architecture,
            source=f"{source}, from {before.name}" if before else source,
            source_sha256=self._before_sha256,
        )
        write_weights(path, tensors, info)

    @property
    def _margin(self) -> int:
        return round(self._recipe.margin_s * self._system.sample_rate_hz)

    def _views(
        self, places: Places, strength: float, rng: np.random.Generator, *, held_out: bool = False
    ) -> tuple[Embeddings, Embeddings]:
        """Fingerprints of clean anchors and degraded positives."""
        tracks = self._audio.held_out if held_out else self._audio.music
        samples, device = self._system.segment_samples, self._settings.device
        context = round(self._recipe.context_s * self._system.sample_rate_hz)
        anchors = clips(tracks, places.track, places.anchor, samples)
        before = clips(tracks, places.track, places.positive, samples, context)
        levels = (self._held_out_levels if held_out else self._levels)[places.track]
        scale = 1 / torch.from_numpy(levels)[:, None]
        if self._system.silence > 0:
            heard = _peaks(anchors).minimum(_peaks(before[:, context:])) >= self._system.silence
            anchors, before, scale = anchors[heard], before[heard], scale[heard]
        anchors = scale * anchors
        positives = self._system.degrade(scale * before, self._audio, strength, rng)
        seen = self._system.front_end(anchors.to(device), positives.to(device), rng)
        bfloat16 = self._settings.dtype == "bfloat16"
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=bfloat16):
            return self._system.embed(seen)


def take_over(system: System, weights: Path) -> None:
    """Put weights learnt before into a network.

    Raises:
        FpbenchError: They are another system's, or of a network of another size.
    """
    tensors, info = load_weights(weights, system.name)
    wanted = json.loads(json.dumps(system.architecture))  # as the file has it: lists, not tuples
    different = sorted(key for key in wanted if info.config.get(key) != wanted[key])
    if different:
        key = different[0]
        raise FpbenchError(
            f"{weights} was made with {key}={info.config.get(key)}, and this recipe has "
            f"{key}={wanted[key]}",
            hint="choose the recipe and settings that the weights were trained with",
        )
    fill(system.network, tensors, weights)


def with_audible_rooms(audio: TrainingAudio, system: System, recipe: Recipe) -> TrainingAudio:
    """The same audio, without impulse responses that would silence whatever is played in them.

    Those left lose their delay if the recipe says so.

    Raises:
        FpbenchError: None is left.
    """
    heard = recipe.heard_samples(system.sample_rate_hz, system.segment_samples)
    if heard == 0:
        return audio
    responses = [response for response in audio.impulse_responses if response.any()]
    if recipe.aligned_rooms:
        responses = [
            response[len(response) - len(from_direct_sound(response.astype(np.float32))) :]
            for response in responses
        ]
    responses = [response for response in responses if response[:heard].any()]
    of, heard_s = len(audio.impulse_responses), heard / system.sample_rate_hz
    if not responses:
        raise FpbenchError(
            f"all {of} impulse responses are silent for the {heard_s:g} s that positives hear",
            hint="set aligned_rooms=true or a longer response_s, or train with other rooms",
        )
    if len(responses) < of:
        logger.warning(
            "left out %d of %d impulse responses: silent for the %g s that positives hear",
            of - len(responses),
            of,
            heard_s,
        )
    return replace(audio, impulse_responses=responses)


def segments_of(tracks: Sequence[PcmAudio], system: System, recipe: Recipe) -> Segments:
    """Where the anchors of a recipe lie, in some tracks."""
    hop = round(recipe.hop_s * system.sample_rate_hz)
    return Segments.of(tracks, system.segment_samples, max(1, hop))


def held_out_segments(system: System, recipe: Recipe, audio: TrainingAudio) -> Segments:
    """What validation takes its pairs from.

    Raises:
        FpbenchError: No held-out track is as long as a segment.
    """
    segments = segments_of(audio.held_out, system, recipe)
    if len(segments.track) == 0:
        segment_s = system.segment_samples / system.sample_rate_hz
        raise FpbenchError(
            f"of {len(audio.held_out)} tracks held out for validation, none is as long as a "
            f"segment, {segment_s:g} s",
            hint="train on longer tracks, or choose another --seed, which holds out others",
        )
    return segments


def batches(system: System, recipe: Recipe, audio: TrainingAudio, seed: int) -> Batches:
    """The way of choosing pairs that the recipe asks for.

    Raises:
        FpbenchError: There is too little music for one batch.
    """
    samples, rate = system.segment_samples, system.sample_rate_hz
    segments = segments_of(audio.music, system, recipe)
    margin, anchors = round(recipe.margin_s * rate), recipe.anchors
    if recipe.batching == "segments":
        whole = ShuffledSegments(segments=segments, anchors=anchors, margin=margin, seed=seed)
        return enough(whole, len(segments.track), "segments", anchors)
    if recipe.per_track is not None:
        groups = SeveralPerTrack(
            segments=segments,
            anchors=anchors,
            per_track=recipe.per_track,
            margin=margin,
            seed=seed,
        )
        available = groups.groups * recipe.per_track
        return enough(groups, available, f"segments in groups of {recipe.per_track}", anchors)
    if recipe.batching == "tracks":
        turns = OnePerTrack(segments=segments, anchors=anchors, margin=margin, seed=seed)
        return enough(turns, len(np.unique(segments.track)), "tracks", anchors)
    anywhere = AnywhereInTrack.of(audio.music, samples, anchors=anchors, margin=margin, seed=seed)
    return enough(anywhere, len(anywhere.tracks), "tracks", anchors)


def learning_rate(recipe: Recipe, step: int, steps: int, per_epoch: int) -> float:
    """Of one step."""
    if recipe.lr_per == "epoch":
        return recipe.lr * cosine(step // per_epoch, steps // per_epoch, end=recipe.lr_end)
    return recipe.lr * cosine(step, steps, end=recipe.lr_end, warm_up=recipe.warm_up)


def optimiser(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    """Fresh, for all weights."""
    if recipe.optimiser == "lamb":
        return Lamb(network.parameters(), recipe.lr)
    if recipe.optimiser == "keras-adam":
        return Adam(network.parameters(), recipe.lr)
    return torch.optim.Adam(network.parameters(), recipe.lr)


def objective(recipe: Recipe, anchors: Embeddings, positives: Embeddings) -> Float32[Tensor, ""]:
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
            return losses.decoupled(anchors, positives, recipe.temperature)
        case "kernel-contrastive":
            return losses.kernel_contrastive(anchors, positives, t=2.0, gamma=16.0)
        case "alignment-uniformity":
            return losses.alignment_uniformity(anchors, positives, alpha=2.0, t=2.0)


def _peaks(x: Clips) -> Float32[Tensor, " batch"]:
    return x.abs().amax(dim=1)
