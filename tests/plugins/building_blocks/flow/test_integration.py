"""Solvers converge with their order, from time 1 to time 0."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from torch import Tensor

from fpbench_plugins.building_blocks.flow.integration import EVALUATIONS_PER_STEP, Solver, integrate


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
