"""Three things asked of a student: the teacher's points, its distribution, and its near tail.

Imitating points alone blurs: whatever a small network cannot resolve it averages, draws move
towards the mean, and neighbourhoods of real fingerprints empty. Two distances between *sets* undo
that: the energy distance, which sees the bulk, and a discrepancy whose kernel weighs pairs by
``exp(similarity / 0.1)``, so that it sees mostly the few near pairs that decide hit rates.
"""

from contextlib import AbstractContextManager

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor, nn
from torch.nn.functional import mse_loss, normalize

from fpbench import Stream, rng_at
from fpbench.fidelity import frechet_distance
from fpbench_plugins.building_blocks.flow import Normalisation, integrate
from fpbench_plugins.building_blocks.flow_training import Schedule
from fpbench_plugins.rectified_flow_turbo.config import TurboConfig

TEMPERATURE = 0.1  # of the tail kernel: a pair at similarity 0.9 weighs e times one at 0.8
EVALUATIONS = 20  # in a training
_STUDENT = 2  # what a draw of Stream.GENERATOR_FIT is for; the teacher's fit has 0 and 1


class Distillation:
    """The loss of each step, and the statistics of a student."""

    def __init__(
        self,
        network: nn.Module,
        noise: Float32[Tensor, "pairs dim"],
        carried: Float32[Tensor, "pairs dim"],
        units: Normalisation,
        config: TurboConfig,
        *,
        seed: int,
        dtype: str,
    ) -> None:
        """Args:
        noise: Where the teacher started.
        carried: Where it arrived, in normalised units. The last tenth is only judged by.
        """
        held_out = len(noise) // 10
        self._network = network
        self._noise, self._carried = noise[:-held_out], carried[:-held_out]
        self._held_out = (noise[-held_out:], carried[-held_out:])
        self._units = units
        self._config = config
        self._seed = seed
        self._half = dtype == "bfloat16"

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
        rows = self._config.batch_rows
        imitated = self._rows(rng.integers(len(self._noise), size=rows))
        compared = self._rows(rng.integers(len(self._noise), size=rows))
        fresh = rng.standard_normal((rows, self._noise.shape[1]), dtype=np.float32)
        fresh_noise = torch.from_numpy(fresh).to(self._noise.device)
        drawn = self._draw(self._network, torch.cat([self._noise[imitated], fresh_noise]))
        loss = mse_loss(drawn[:rows], self._carried[imitated])
        students, teachers = self._on_sphere(drawn[rows:]), self._on_sphere(self._carried[compared])
        loss = loss + self._config.energy * energy_distance(students, teachers)
        return loss + self._config.tail * tail_discrepancy(students, teachers)

    @torch.inference_mode()
    def judge(self, network: nn.Module) -> dict[str, float]:
        """On pairs that nothing was learned from."""
        noise, carried = self._held_out
        drawn = self._draw(network, noise)
        students, teachers = self._on_sphere(drawn), self._on_sphere(carried)
        # The same rows as partners would be near each other by imitation: take disjoint halves.
        half = len(students) // 2
        halves = students[:half], teachers[half : 2 * half]
        return {
            "imitation_loss": float(mse_loss(drawn, carried)),
            "energy": float(energy_distance(*halves)),
            "tail": float(tail_discrepancy(*halves)),
            "frechet": frechet_distance(students.cpu().numpy(), teachers.cpu().numpy()),
        }

    def _draw(
        self, network: nn.Module, noise: Float32[Tensor, "batch dim"]
    ) -> Float32[Tensor, "batch dim"]:
        with self._precision():
            return integrate(network, noise, self._config.steps, "euler")

    def _on_sphere(self, x: Float32[Tensor, "batch dim"]) -> Float32[Tensor, "batch dim"]:
        return normalize(x * self._units.std + self._units.mean)

    def _rows(self, rows: Int64[np.ndarray, " batch"]) -> Int64[Tensor, " batch"]:
        return torch.from_numpy(rows).to(self._noise.device)

    def _precision(self) -> AbstractContextManager[None]:
        return torch.autocast(self._noise.device.type, torch.bfloat16, enabled=self._half)


def energy_distance(
    first: Float32[Tensor, "first dim"], second: Float32[Tensor, "second dim"]
) -> Float32[Tensor, ""]:
    """``2 E|x - y| - E|x - x'| - E|y - y'|``, unbiased; 0 on average for equal laws.

    Source: Szekely and Rizzo 2013, "Energy statistics".
    """
    return (
        2 * _distances(first, second).mean()
        - _mean_of_others(_distances(first, first))
        - _mean_of_others(_distances(second, second))
    )


def tail_discrepancy(
    first: Float32[Tensor, "first dim"], second: Float32[Tensor, "second dim"]
) -> Float32[Tensor, ""]:
    """Squared maximum mean discrepancy with the kernel exp(similarity / T), relative.

    Divided by the second set's own mean kernel, so that it is a share: 0.1 means that near pairs
    are off by about a third.

    Args:
        first: Of length 1.
        second: Of length 1; what the first should be like.

    Source: Gretton et al. 2012, "A kernel two-sample test".
    """
    own = _mean_of_others(_kernel(second, second))
    return (
        _mean_of_others(_kernel(first, first)) - 2 * _kernel(first, second).mean() + own
    ) / own.detach()


def _kernel(
    first: Float32[Tensor, "first dim"], second: Float32[Tensor, "second dim"]
) -> Float32[Tensor, "first second"]:
    return torch.exp((first @ second.T - 1) / TEMPERATURE)


def _distances(
    first: Float32[Tensor, "first dim"], second: Float32[Tensor, "second dim"]
) -> Float32[Tensor, "first second"]:
    """Between points of length 1; the small number keeps the slope at 0 finite."""
    return torch.sqrt((2 - 2 * (first @ second.T)).clamp(min=0) + 1e-6)


def _mean_of_others(square: Float32[Tensor, "n n"]) -> Float32[Tensor, ""]:
    """The mean off the diagonal."""
    n = len(square)
    return (square.sum() - square.diagonal().sum()) / (n * (n - 1))
