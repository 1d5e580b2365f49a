"""Trains a network on pairs: two views of some music, their fingerprints, a loss, an update."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from fpbench import FpbenchError, Settings, Stream, TrainingAudio, Vectors, rng_at
from fpbench.encoders.weights import WeightsInfo, load_weights, write_weights
from fpbench.hashing import file_sha256
from fpbench_plugins.building_blocks.contrastive.batches import (
    DRAWS,
    VALIDATION,
    Pairs,
)
from fpbench_plugins.building_blocks.contrastive.clips import Clips, cut_clips
from fpbench_plugins.building_blocks.contrastive.recipe import TrainingRecipe
from fpbench_plugins.building_blocks.contrastive.recipe_parts import (
    contrastive_loss,
    held_out_segments,
    keep_audible_responses,
    learning_rate,
    make_batches,
    make_optimiser,
)
from fpbench_plugins.building_blocks.contrastive.system import Embeddings, System
from fpbench_plugins.building_blocks.encoders.weights import fill


class ContrastiveTrainable:
    """Implements :class:`fpbench.Trainable`.

    Args:
        system: Called when the training starts.
    """

    def __init__(
        self,
        recipe: TrainingRecipe,
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
        self, system: System, recipe: TrainingRecipe, audio: TrainingAudio, settings: Settings
    ) -> None:
        self._system, self._recipe = system, recipe
        self._before_sha256 = file_sha256(settings.weights) if settings.weights else None
        if settings.weights is not None:
            load_start_weights(system, settings.weights)
        self._audio = keep_audible_responses(audio, system, recipe)
        self._settings = settings
        self._batches = make_batches(system, recipe, audio, settings.seed)
        self._held_out = held_out_segments(system, recipe, audio)
        self._optimiser = make_optimiser(recipe, system.network)
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
        pairs = self._batches.pairs(number, rng)
        strength = self._recipe.degradation_strength(number)
        loss = contrastive_loss(self._recipe, *self._embed_pairs(pairs, strength, rng))
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
            pairs = self._held_out.draw_pairs(order[first : first + anchors], self._margin, rng)
            parts.append(self._embed_pairs(pairs, 1.0, rng, held_out=True))
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
                # Our own optimisers count steps in an int, torch's in a tensor.
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

    def _embed_pairs(
        self, pairs: Pairs, strength: float, rng: np.random.Generator, *, held_out: bool = False
    ) -> tuple[Embeddings, Embeddings]:
        """Fingerprints of clean anchors and degraded positives."""
        tracks = self._audio.held_out if held_out else self._audio.music
        samples, device = self._system.segment_samples, self._settings.device
        context = round(self._recipe.context_s * self._system.sample_rate_hz)
        anchors = cut_clips(tracks, pairs.track, pairs.anchor, samples)
        clips = cut_clips(tracks, pairs.track, pairs.positive, samples, context)
        levels = (self._held_out_levels if held_out else self._levels)[pairs.track]
        scale = 1 / torch.from_numpy(levels)[:, None]
        if self._system.silence > 0:
            audible = _peaks(anchors).minimum(_peaks(clips[:, context:])) >= self._system.silence
            anchors, clips, scale = anchors[audible], clips[audible], scale[audible]
        anchors = scale * anchors
        positives = self._system.degrade(scale * clips, self._audio, strength, rng)
        images = self._system.front_end(anchors.to(device), positives.to(device), rng)
        bfloat16 = self._settings.dtype == "bfloat16"
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=bfloat16):
            return self._system.embed(images)


def load_start_weights(system: System, weights: Path) -> None:
    """Load the weights with which a training starts.

    Raises:
        FpbenchError: They belong to another system, or to a network of another size.
    """
    tensors, info = load_weights(weights, system.name)
    wanted = json.loads(json.dumps(system.architecture))  # as in the file: lists, not tuples
    different = sorted(key for key in wanted if info.config.get(key) != wanted[key])
    if different:
        key = different[0]
        raise FpbenchError(
            f"{weights} was made with {key}={info.config.get(key)}, and this recipe has "
            f"{key}={wanted[key]}",
            hint="choose the recipe and settings that the weights were trained with",
        )
    fill(system.network, tensors, weights)


def _peaks(x: Clips) -> Float32[Tensor, " batch"]:
    return x.abs().amax(dim=1)
