"""What a GPU computes is what a CPU computes; skipped where there is none."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from fpbench import Settings, Vectors
from fpbench_plugins import exact
from fpbench_plugins.building_blocks.flow.generator import FittedFlow, FlowGenerator, Sampling
from fpbench_plugins.building_blocks.flow.network import NetworkShape, fresh_network
from fpbench_plugins.building_blocks.flow.normalisation import Normalisation

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of torch's own compiler
]


def unit(rows: int, seed: int) -> Vectors:
    x = np.random.default_rng(seed).standard_normal((rows, 32), dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@pytest.mark.parametrize("sieve", ["float32", "bfloat16"])
def test_exact_search_gives_equal_bytes(sieve: str) -> None:
    queries, rows = unit(70, 0), unit(25_003, 1)
    rows[100:130] = rows[0]  # ties
    queries[0] = 0

    def chunks() -> Iterator[Vectors]:
        for start in range(0, len(rows), 10_000):
            yield rows[start : start + 10_000]

    found = []
    for device in ("cpu", "cuda"):
        index = exact.create(Settings(device=device, options={"sieve": sieve}))
        found.append(index.search(queries, chunks(), 20))
    cpu, gpu = found
    np.testing.assert_array_equal(gpu.ids, cpu.ids)
    np.testing.assert_array_equal(gpu.scores, cpu.scores)


def flow(device: str, dtype: str) -> FlowGenerator:
    shape = NetworkShape(dim=32, width=64, depth=3)
    network = fresh_network(shape, np.random.default_rng(0))
    for parameter in network.linear_output.parameters():
        parameter.data.normal_(generator=torch.Generator().manual_seed(0)).mul_(0.1)
    fitted = FittedFlow(
        generator="test",
        shape=shape,
        weights=network.state_dict(),
        normalisation=Normalisation(mean=0.01, std=0.1),
        sampling=Sampling(steps=8),
        record={},
    )
    return FlowGenerator(fitted, device=device, dtype=dtype)


@pytest.mark.parametrize(("dtype", "apart"), [("float32", 1e-5), ("bfloat16", 3e-2)])
def test_draws_are_the_same_up_to_rounding(dtype: str, apart: float) -> None:
    gpu = flow("cuda", dtype).draw(12_345, np.random.default_rng(0))
    cpu = flow("cpu", "float32").draw(12_345, np.random.default_rng(0))
    np.testing.assert_allclose(gpu, cpu, atol=apart)


def test_threads_draw_the_bytes_that_one_draws() -> None:
    generator = flow("cuda", "bfloat16")
    alone = [generator.draw(10_000, np.random.default_rng(seed)) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = pool.map(lambda s: generator.draw(10_000, np.random.default_rng(s)), range(8))
        for one, other in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("rows", "width"), [(300, 64), (1, 128), (10_000, 768)])
def test_product_and_gate_as_one_kernel(rows: int, width: int) -> None:
    if torch.cuda.get_device_capability()[0] != 9:
        pytest.skip("its kernel is for Hopper")
    from fpbench_plugins.building_blocks.compute.gated_product import (
        gated_product,
        interleave_gates,
    )

    rng = torch.Generator("cuda").manual_seed(0)
    a = torch.randn(rows, width, device="cuda", generator=rng).bfloat16()
    weight = torch.randn(4 * width, width, device="cuda", generator=rng).bfloat16() / width**0.5
    gate, value = (a.double() @ weight.double().T).chunk(2, dim=1)
    wanted = torch.nn.functional.silu(gate) * value
    found = gated_product(a, interleave_gates(weight)).double()
    assert ((found - wanted).norm() / wanted.norm()).item() < 3e-3
