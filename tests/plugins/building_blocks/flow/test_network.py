"""The velocity network has its published size and starts with a velocity of 0."""

import numpy as np
import pytest
import torch

from fpbench_plugins.building_blocks.flow.network import (
    NetworkShape,
    VelocityNetwork,
    fresh_network,
    precision,
)


def test_published_network_has_43_million_weights() -> None:
    with torch.device("meta"):
        network = VelocityNetwork(NetworkShape(width=768, depth=12))
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(43.3, abs=0.05)


def test_a_fresh_network_stands_still(rng: np.random.Generator) -> None:
    network = fresh_network(NetworkShape(dim=8, width=16, depth=2), rng)
    velocity = network(torch.ones((3, 8)), torch.tensor([0.1, 0.5, 0.9]))
    assert torch.count_nonzero(velocity) == 0


def test_one_time_for_all_rows_is_the_same_as_one_each(rng: np.random.Generator) -> None:
    network = fresh_network(NetworkShape(dim=8, width=16, depth=2), rng)
    torch.nn.init.constant_(network.linear_output.weight, 0.3)
    x = torch.from_numpy(rng.standard_normal((5, 8), dtype=np.float32))
    with torch.inference_mode():
        together = network(x, torch.tensor([0.3]))
        each = network(x, torch.full((5,), 0.3))
    torch.testing.assert_close(together, each, atol=1e-6, rtol=0)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_computes_in_the_arithmetic_asked_for(dtype: str) -> None:
    x = torch.ones((2, 2))
    with precision(torch.device("cpu"), dtype):
        assert (x @ x).dtype == getattr(torch, dtype)
