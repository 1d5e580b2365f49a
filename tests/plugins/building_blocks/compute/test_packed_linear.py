"""A packed layer computes what the plain operations compute."""

import pytest
import torch
from torch.nn.functional import linear, silu

from fpbench_plugins.building_blocks.compute.packed_linear import PackedLinear

TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 2e-2, torch.float64: 1e-12}
"""Nothing packs float64, as nothing packs bfloat16 on processors without it."""


def random(*shape: int, seed: int, dtype: torch.dtype) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("rows", [1, 7, 64])
def test_each_operation_after_the_product(rows: int, dtype: torch.dtype) -> None:
    x = random(rows, 24, seed=0, dtype=dtype)
    weight, bias = random(40, 24, seed=1, dtype=dtype) / 5, random(40, seed=2, dtype=dtype)
    other = random(rows, 40, seed=3, dtype=dtype)
    layer = PackedLinear(weight, bias, rows=64)
    y = linear(x.double(), weight.double(), bias.double())
    expected = {
        "plain": (layer(x), y),
        "plus": (layer(x, plus=other), y + other.double()),
        "times": (layer(x, times=other), y * other.double()),
        "swish": (layer(x, swish=True), silu(y)),
    }
    for found, exact in expected.values():
        assert found.dtype == dtype
        torch.testing.assert_close(
            found.double(), exact, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype]
        )
