"""Trains the student to imitate the teacher: to carry the same noise to the same point.

The teacher's flow is a map: it carries the same noise to the same point every time. So a network
can learn all of it. Its results are not blurred by averages over several targets, and the
neighbourhoods of real fingerprints have as many draws as with the teacher. With spectral sketches
and 3 100 queries, hit rates are 0.01 +- 0.01 points below the teacher's with 10 000 distractors,
and 0.10 +- 0.15 below with a million; a Gaussian's are 0.34 +- 0.07 and 0.35 +- 0.23 above. Two
distances between sets of draws (energy distance, and a kernel discrepancy of near pairs) were
tried as additional losses of equal weight. Their noise cost more than they gave: +0.39 +- 0.20
with 100 000.

Source: Liu et al. 2023, "Flow straight and fast", arXiv 2209.03003 (distillation by pairs).
"""

import math

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn.functional import mse_loss, normalize

from fpbench import Stream, rng_at
from fpbench.generators.fidelity import frechet_distance
from fpbench_plugins.building_blocks.flow.integration import integrate, velocity_function
from fpbench_plugins.building_blocks.flow.network import VelocityNetwork, precision
from fpbench_plugins.building_blocks.flow.normalisation import Normalisation
from fpbench_plugins.building_blocks.flow.training import Schedule
from fpbench_plugins.rectified_flow_turbo.config import TurboConfig

EVALUATIONS = 20  # in a training
_STUDENT = 2  # address in Stream.GENERATOR_FIT; the teacher's fit uses 0 and 1


class Distillation:
    """The loss of each step, and the evaluation of a student.

    Args:
        noise: Where the teacher started.
        carried: Where it arrived, in normalised units. The last tenth of the pairs is used for
            evaluation only.
    """

    def __init__(
        self,
        network: VelocityNetwork,
        noise: Float32[Tensor, "pairs dim"],
        carried: Float32[Tensor, "pairs dim"],
        units: Normalisation,
        config: TurboConfig,
        *,
        seed: int,
        dtype: str,
    ) -> None:
        held_out = len(noise) // 10
        self._network = network
        self._noise, self._carried = noise[:-held_out], carried[:-held_out]
        self._held_out = (noise[-held_out:], carried[-held_out:])
        self._units = units
        self._config = config
        self._seed = seed
        self._dtype = dtype

    @property
    def schedule(self) -> Schedule:
        config = self._config
        return Schedule(
            steps=config.iterations,
            evaluate_every=max(1, config.iterations // EVALUATIONS),
            learning_rate=config.learning_rate,
            weight_decay=0.0,
            cosine=True,
            average_decay=config.ema_decay,
        )

    def loss_at(self, step: int) -> Float32[Tensor, ""]:
        rng = rng_at(self._seed, Stream.GENERATOR_FIT, _STUDENT, step)
        picked = torch.from_numpy(rng.integers(len(self._noise), size=self._config.batch_rows))
        picked = picked.to(self._noise.device)
        return mse_loss(self._draw(self._network, self._noise[picked]), self._carried[picked])

    @torch.inference_mode()
    def judge(self, network: VelocityNetwork) -> dict[str, float]:
        """Evaluate the student on pairs that it has not learnt from."""
        noise, carried = self._held_out
        drawn = self._draw(network, noise)
        loss = float(mse_loss(drawn, carried))
        students, teachers = (self._denormalise(x).cpu().numpy() for x in (drawn, carried))
        finite = np.isfinite(students).all()
        frechet = frechet_distance(students, teachers) if finite else math.nan
        return {"imitation_loss": loss, "frechet": frechet}

    def _draw(
        self, network: VelocityNetwork, noise: Float32[Tensor, "batch dim"]
    ) -> Float32[Tensor, "batch dim"]:
        with precision(noise.device, self._dtype):
            return integrate(velocity_function(network), noise, self._config.steps, "euler")

    def _denormalise(self, x: Float32[Tensor, "batch dim"]) -> Float32[Tensor, "batch dim"]:
        return normalize(x * self._units.std + self._units.mean)
