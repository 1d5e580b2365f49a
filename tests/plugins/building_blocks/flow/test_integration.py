"""Solvers converge with their order, from time 1 to time 0."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from torch import Tensor

from fpbench_plugins.building_blocks.flow.integration import (
    EVALUATIONS_PER_STEP,
    Solver,
    Velocity,
    integrate,
    sharpen,
)


@given(steps=st.integers(1, 7), solver=st.sampled_from(sorted(EVALUATIONS_PER_STEP)))
@hypothesis_settings(max_examples=30)
def test_a_straight_flow_is_exact_in_any_number_of_steps(steps: int, solver: Solver) -> None:
    noise = torch.tensor([[1.0, -2.0], [0.5, 3.0]])
    data = torch.tensor([[4.0, 0.0], [-1.0, 2.0]])
    arrived = integrate(lambda x, time: data - noise, noise, steps, solver)
    torch.testing.assert_close(arrived, data)


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("midpoint", 2), ("heun", 2)])
def test_error_shrinks_with_the_solvers_order(solver: Solver, order: int) -> None:
    # dx/ds = x over a unit of time takes 1 to e.
    def error(steps: int) -> float:
        start = torch.ones((1, 1), dtype=torch.float32)
        return abs(float(integrate(lambda x, time: x, start, steps, solver)) - math.e)

    assert math.log2(error(8) / error(16)) == pytest.approx(order, abs=0.15)


def test_solvers_walk_from_time_1_to_time_0() -> None:
    seen: list[float] = []

    def velocity(x: Tensor, time: float) -> Tensor:
        seen.append(time)
        return torch.zeros_like(x)

    integrate(velocity, torch.zeros((1, 1)), 4, "euler")
    assert seen == [1.0, 0.75, 0.5, 0.25]


def flow_to_normal_data(std: Tensor) -> Velocity:
    """The exact velocity for data that is normal around 0 with these standard deviations."""

    def velocity(x: Tensor, time: float) -> Tensor:
        variance = (1 - time) ** 2 * std**2 + time**2
        return x * ((1 - time) * std**2 - time) / variance

    return velocity


def test_sharpening_takes_the_blur_out_of_narrow_directions_and_leaves_wide_ones() -> None:
    std = torch.tensor([0.1, 1.0, 3.0])
    blurred = (std**2 + 0.1**2).sqrt()[None]  # a point one standard deviation away in each
    sharp = sharpen(flow_to_normal_data(std), blurred, 0.1)[0]
    assert blurred[0, 0] > 1.4 * std[0]
    torch.testing.assert_close(sharp[:1], std[:1], rtol=0.05, atol=0)
    torch.testing.assert_close(sharp[1:], blurred[0, 1:], rtol=0.01, atol=0)


def test_sharpening_by_nothing_changes_nothing() -> None:
    drawn = torch.ones((2, 3))
    assert torch.equal(sharpen(flow_to_normal_data(torch.ones(3)), drawn, 0.0), drawn)
