"""Estimates the time and memory that a flow needs, with trials of a second."""

import time

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from fpbench import GeneratorNeed, Settings, Stream, rng_at
from fpbench.runs.trials import draw_seconds
from fpbench_plugins.building_blocks.flow.config import FlowConfig
from fpbench_plugins.building_blocks.flow.generator import FittedFlow, FlowGenerator, Sampling
from fpbench_plugins.building_blocks.flow.network import NetworkShape, fresh_network, precision
from fpbench_plugins.building_blocks.flow.normalisation import Normalisation

_COPIES = 5  # of all weights during a fit: weights, gradients, two moments, an average
_KEPT = 24  # numbers that a block keeps for the backward pass, per row and unit of width
_TRIALS = 8


def flow_need(config: FlowConfig, rows: int, dim: int, settings: Settings) -> GeneratorNeed:
    """What fitting a flow needs. Evaluations take as long as drawing their fingerprints."""
    trial = FitTrial(config.shape(dim), settings)
    rows = min(rows, config.most_rows or rows)
    held_out = round(rows * config.held_out)
    learn = rows - held_out
    steps = config.fit_steps(learn)
    evaluations = steps // (config.judge_epochs * config.epoch_steps(learn))
    stand_in = trial.generator(config.sampling)
    judged = min(held_out, config.judge_rows) * evaluations
    return GeneratorNeed(
        fit_seconds=steps * trial.step_seconds(config.batch_rows)
        + judged * draw_seconds(stand_in, "trial"),
        fit_memory_bytes=trial.memory_bytes(config.batch_rows),
        stand_in=stand_in,
    )


class FitTrial:
    """Measures a network with fresh weights on this machine."""

    def __init__(self, shape: NetworkShape, settings: Settings) -> None:
        self._shape = shape
        self._settings = settings
        self._device = torch.device(settings.device)
        self._network = fresh_network(shape, rng_at(0, Stream.WEIGHTS)).to(self._device)

    def generator(self, sampling: Sampling) -> FlowGenerator:
        """A generator whose draws are meaningless, but as fast as those of a fitted flow."""
        fitted = FittedFlow(
            generator="trial",
            shape=self._shape,
            weights=self._network.state_dict(),
            normalisation=Normalisation(mean=0.0, std=1.0),
            sampling=sampling,
            record={},
        )
        return FlowGenerator(fitted, device=self._settings.device, dtype=self._settings.dtype)

    def step_seconds(self, rows: int) -> float:
        """Time of a training step with ``rows`` fingerprints."""
        optimiser = torch.optim.AdamW(self._network.parameters(), lr=0.0, fused=True)
        noise = np.random.default_rng(0).standard_normal((rows, self._shape.dim), np.float32)
        points = torch.from_numpy(noise).to(self._device)
        times = torch.linspace(0, 1, rows, device=self._device)
        return min(self._seconds(points, times, optimiser) for _ in range(_TRIALS))

    def memory_bytes(self, rows: int) -> float:
        """Memory of a training with batches of ``rows`` fingerprints."""
        weights = sum(parameter.numel() for parameter in self._network.parameters())
        return 4.0 * (_COPIES * weights + rows * self._shape.depth * self._shape.width * _KEPT)

    def _seconds(
        self,
        points: Float32[Tensor, "batch dim"],
        times: Float32[Tensor, " batch"],
        optimiser: torch.optim.Optimizer,
    ) -> float:
        start = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        with precision(self._device, self._settings.dtype):
            loss = self._network(points, times).square().mean()
        loss.backward()
        optimiser.step()
        float(loss.detach())  # waits for a GPU
        return time.perf_counter() - start
