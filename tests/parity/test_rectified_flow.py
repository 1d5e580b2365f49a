"""The network and the Euler sampler give the numbers recorded from the authors' code.

``golden/rectified_flow``: the public checkpoint layout at width 192, 3 blocks, random weights.
Tolerances as its README states: velocities 2e-5, samples 1e-5, absolute, in float32.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from fpbench import Settings
from fpbench_plugins.building_blocks.flow.generator import FlowGenerator, build_network
from fpbench_plugins.rectified_flow import create

pytestmark = pytest.mark.parity

Golden = dict[str, np.ndarray]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """A network this small is slower on several."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "golden" / "rectified_flow"


@pytest.fixture(scope="module")
def golden(folder: Path) -> Golden:
    with np.load(folder / "golden.npz") as arrays:
        return dict(arrays)


def load_official(folder: Path, golden: Golden, **options: str) -> FlowGenerator:
    units = {"mean": str(golden["mean"]), "std": str(golden["std"])}
    method = create(Settings(options={**units, "project": "false", **options}))
    generator = method.load(folder / "rectified_flow.ckpt")
    assert isinstance(generator, FlowGenerator)
    return generator


def test_time_embedding(folder: Path, golden: Golden) -> None:
    network = build_network(
        load_official(folder, golden).fitted, torch.device("cpu"), torch.float32
    )
    embedding = network.time_embedding(torch.from_numpy(golden["t"]), torch.float32)
    np.testing.assert_allclose(embedding.numpy(), golden["time_embedding"], atol=2e-6)


@pytest.mark.parametrize("gradients", [True, False])
def test_velocity(folder: Path, golden: Golden, *, gradients: bool) -> None:
    network = build_network(
        load_official(folder, golden).fitted, torch.device("cpu"), torch.float32
    )
    with torch.set_grad_enabled(gradients):
        velocity = network(torch.from_numpy(golden["x"]), torch.from_numpy(golden["t"]))
    np.testing.assert_allclose(velocity.numpy(), golden["velocity"], atol=2e-5)


@pytest.mark.parametrize("steps", [1, 8, 32])
@pytest.mark.slow
def test_samples(folder: Path, golden: Golden, steps: int) -> None:
    generator = load_official(folder, golden, steps=str(steps))
    samples = generator.carry(torch.from_numpy(golden["noise"])).numpy()
    np.testing.assert_allclose(samples, golden[f"samples_{steps}_steps"], atol=1e-5)


@pytest.mark.slow
def test_projection_changes_nothing_but_lengths(folder: Path, golden: Golden) -> None:
    generator = load_official(folder, golden, project="true")
    samples = generator.carry(torch.from_numpy(golden["noise"])).numpy()
    official = golden["samples_32_steps"]
    expected = official / np.linalg.norm(official, axis=1, keepdims=True)
    np.testing.assert_allclose(samples, expected, atol=1e-5)
