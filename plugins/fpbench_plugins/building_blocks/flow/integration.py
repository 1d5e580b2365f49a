"""Solvers that follow a velocity field from noise to data."""

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float, Float32
from torch import Tensor

from fpbench_plugins.building_blocks.flow.network import Modulation, VelocityNetwork

Solver = Literal["euler", "midpoint", "heun"]

EVALUATIONS_PER_STEP: dict[Solver, int] = {"euler": 1, "midpoint": 2, "heun": 2}

Velocity = Callable[[Float[Tensor, "batch dim"], float], Float[Tensor, "batch dim"]]
"""The velocity at some points, and at one time for all of them."""


def integrate(
    velocity: Velocity, noise: Float32[Tensor, "batch dim"], steps: int, solver: Solver
) -> Float32[Tensor, "batch dim"]:
    """Follow the velocity from noise at time 1 to data at time 0, in equal steps.

    Args:
        velocity: Has the sign of data minus noise.
        noise: Standard normal. It is not changed.
        steps: At least 1. Each needs ``EVALUATIONS_PER_STEP`` calls of ``velocity``.
        solver: ``euler`` (the authors' choice, error of order 1/steps), ``midpoint`` or ``heun``
            (both 1/steps**2).
    """
    x, step = noise, 1 / steps
    for j in range(steps):
        slope = velocity(x, 1 - j * step)
        if solver == "midpoint":
            slope = velocity(x + step / 2 * slope, 1 - (j + 0.5) * step)
        elif solver == "heun":
            end = velocity(x + step * slope, 1 - (j + 1) * step)
            slope = (slope + end) / 2
        x = torch.add(x, slope, alpha=step)
    return x


def sharpen(
    velocity: Velocity, drawn: Float32[Tensor, "batch dim"], time: float
) -> Float32[Tensor, "batch dim"]:
    """Take draws for points on their way at ``time``, and carry them to data once more.

    A network that learns by squared error, and in limited time, carries noise not quite onto the
    data, but to points around them. It has also learnt to remove noise: here, the blur that it
    left.

    Args:
        velocity: That made the draws.
        drawn: In normalised units.
        time: Share of a point that is taken for noise, 0 to 1. 0 changes nothing. One Heun step
            follows the rest of the way, which is exact enough if that is short.
    """
    if time == 0:
        return drawn
    x = torch.mul(drawn, 1 - time)
    slope = velocity(x, time)
    return x + time / 2 * (slope + velocity(x + time * slope, 0.0))


def velocity_function(network: VelocityNetwork) -> Velocity:
    """A network's velocity as a function. The network's weights must not change afterwards.

    What depends on the time only is computed once for each time.
    """
    known: dict[float, list[Modulation]] = {}

    def velocity(x: Float[Tensor, "batch dim"], time: float) -> Float32[Tensor, "batch dim"]:
        if time not in known:
            known[time] = network.modulations(torch.full((1,), time, device=x.device))
        return network.velocity_at(x, known[time])

    return velocity
