"""The loss that a flow learns from, and its evaluation on held-out rows."""

import math

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor
from torch.nn.functional import mse_loss, normalize

from fpbench import Stream, Vectors, rng_at
from fpbench.generators.fidelity import frechet_distance, manifold
from fpbench_plugins.building_blocks.flow.config import FlowConfig
from fpbench_plugins.building_blocks.flow.copying import CopyingTest
from fpbench_plugins.building_blocks.flow.integration import integrate, velocity_function
from fpbench_plugins.building_blocks.flow.network import VelocityNetwork, precision
from fpbench_plugins.building_blocks.flow.normalisation import Normalisation
from fpbench_plugins.building_blocks.flow.training import Schedule

_ORDER, _NOISE = 0, 1  # addresses in Stream.GENERATOR_FIT
_JUDGE_TIMES = 16  # noises and times per held-out row, so that the held-out loss varies less


class FlowObjective:
    """The loss of each step, and the evaluation of a network."""

    def __init__(
        self,
        network: VelocityNetwork,
        learn: Float32[np.ndarray, "rows dim"],
        judge: Float32[np.ndarray, "held_out dim"],
        units: Normalisation,
        config: FlowConfig,
        *,
        seed: int,
        dtype: str,
    ) -> None:
        self._network = network
        self._learn = learn
        self._judge = _subsample(judge, config.judge_rows, rng_at(seed, Stream.FIDELITY, 0))
        self._copying = CopyingTest(learn, rng_at(seed, Stream.FIDELITY, 2))
        self._units = units
        self._config = config
        self._seed = seed
        self._dtype = dtype
        self._device = next(network.parameters()).device
        self._epoch_steps = config.epoch_steps(len(learn))
        self._order: tuple[int, Int64[np.ndarray, " rows"]] | None = None

    @property
    def schedule(self) -> Schedule:
        config = self._config
        return Schedule(
            steps=config.fit_steps(len(self._learn)),
            evaluate_every=config.judge_epochs * self._epoch_steps,
            learning_rate=config.learning_rate,
            cosine=config.cosine,
            weight_decay=config.weight_decay,
            average_decay=config.ema_decay,
            select=None if config.select == "last" else config.select,
            patience=config.patience,
            limit=None if config.most_copied is None else ("copied", config.most_copied),
        )

    def loss_at(self, step: int) -> Float32[Tensor, ""]:
        """Mean squared error of the velocity at random times between noise and data."""
        rng = rng_at(self._seed, Stream.GENERATOR_FIT, _NOISE, step)
        x = self._normalise(self._learn[self._batch_rows(step)])
        t, z = self._times_and_noise(len(x), rng)
        return self._loss(self._network, x, t, z)

    @torch.inference_mode()
    def judge(self, network: VelocityNetwork) -> dict[str, float]:
        """Held-out loss, and the paper's statistics that compare draws with held-out rows."""
        rng = rng_at(self._seed, Stream.FIDELITY, 1)
        x = self._normalise(self._judge)
        losses = [
            float(self._loss(network, x, *self._times_and_noise(len(x), rng)))
            for _ in range(_JUDGE_TIMES)
        ]
        loss = float(np.mean(losses))
        drawn = self._draw(network, len(x), rng)
        if not np.isfinite(drawn).all():
            return {"held_out_loss": loss, "frechet": math.nan, "copied": math.nan}
        overlap = manifold(self._judge, drawn)
        return {
            "held_out_loss": loss,
            "frechet": frechet_distance(self._judge, drawn),
            "copied": self._copying.copied(drawn),
            "precision": overlap.precision,
            "recall": overlap.recall,
            "density": overlap.density,
            "coverage": overlap.coverage,
        }

    def _batch_rows(self, step: int) -> Int64[np.ndarray, " batch"]:
        epoch, batch = divmod(step, self._epoch_steps)
        if self._order is None or self._order[0] != epoch:
            rng = rng_at(self._seed, Stream.GENERATOR_FIT, _ORDER, epoch)
            self._order = (epoch, rng.permutation(len(self._learn)))
        start = batch * self._config.batch_rows
        # Sorted, which is faster with a memory map and does not change the mean of the batch.
        return np.sort(self._order[1][start : start + self._config.batch_rows])

    def _times_and_noise(
        self, rows: int, rng: np.random.Generator
    ) -> tuple[Float32[Tensor, " batch"], Float32[Tensor, "batch dim"]]:
        t = rng.random(rows, dtype=np.float32)
        z = rng.standard_normal((rows, self._learn.shape[1]), dtype=np.float32)
        return torch.from_numpy(t).to(self._device), torch.from_numpy(z).to(self._device)

    def _loss(
        self,
        network: VelocityNetwork,
        x: Float32[Tensor, "batch dim"],
        t: Float32[Tensor, " batch"],
        z: Float32[Tensor, "batch dim"],
    ) -> Float32[Tensor, ""]:
        between = torch.lerp(x, z, t[:, None])
        with precision(self._device, self._dtype):
            velocity = network(between, t)
        return mse_loss(velocity, x - z)

    def _draw(self, network: VelocityNetwork, rows: int, rng: np.random.Generator) -> Vectors:
        _, z = self._times_and_noise(rows, rng)
        with precision(self._device, self._dtype):
            x = integrate(velocity_function(network), z, self._config.steps, self._config.solver)
        x = x * self._units.std + self._units.mean
        drawn: Vectors = (normalize(x) if self._config.project else x).cpu().numpy()
        return drawn

    def _normalise(self, rows: Vectors) -> Float32[Tensor, "batch dim"]:
        x = torch.from_numpy(np.ascontiguousarray(rows)).to(self._device)
        return (x - self._units.mean) / self._units.std


def _subsample(rows: Vectors, most: int, rng: np.random.Generator) -> Vectors:
    if len(rows) <= most:
        return np.array(rows)
    return rows[np.sort(rng.choice(len(rows), most, replace=False))]
