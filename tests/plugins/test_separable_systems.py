"""NAFP and NMFP share a network: its weights files, its dtypes and its fresh weights."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fpbench_plugins.nafp
import fpbench_plugins.nmfp
from fpbench import Fingerprinter, FpbenchError, Segments, Settings
from fpbench.encoders.weights import WeightsInfo, write_weights
from fpbench_plugins.building_blocks.encoders.separable_encoder import SeparableEncoder
from fpbench_plugins.building_blocks.encoders.weights import weights_rng
from fpbench_plugins.nafp.config import NafpConfig
from fpbench_plugins.nmfp.config import NmfpConfig

SMALL = {"width": "16"}


@dataclass(frozen=True)
class System:
    """A fingerprinter, and the class of its settings."""

    name: str
    create: Callable[[Settings], Fingerprinter]
    config: Callable[..., Any]


SYSTEMS = [
    System("nafp", fpbench_plugins.nafp.create, NafpConfig),
    System("nmfp", fpbench_plugins.nmfp.create, NmfpConfig),
]


@pytest.fixture(scope="module", params=SYSTEMS, ids=lambda system: system.name)
def system(request: pytest.FixtureRequest) -> System:
    chosen: System = request.param
    return chosen


@pytest.fixture(scope="module")
def small(system: System) -> Fingerprinter:
    return system.create(Settings(options=SMALL))


def noise(rows: int) -> Segments:
    return np.random.default_rng(3).uniform(-1, 1, (rows, 8_000)).astype(np.float32)


def test_no_segments_give_no_vectors(small: Fingerprinter) -> None:
    assert small.embed(noise(0)).shape == (0, 128)


def test_seeds_decide_fresh_weights(system: System) -> None:
    segments = noise(2)
    first, again, other = (
        system.create(Settings(options=SMALL, seed=seed)).embed(segments) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_bfloat16_is_near(system: System, small: Fingerprinter) -> None:
    fast = system.create(Settings(options=SMALL, dtype="bfloat16")).embed(noise(4))
    assert (1 - (fast * small.embed(noise(4))).sum(axis=1)).max() < 5e-3


@pytest.fixture
def write_small(system: System, tmp_path: Path) -> Callable[..., Path]:
    """Writes weights of the small network that say they are of a network with some settings."""
    network = SeparableEncoder(system.config(width=16).encoder)
    network.initialise(weights_rng(0))
    tensors = {name: p.detach().numpy() for name, p in network.named_parameters()}

    def write(**settings: int) -> Path:
        path = tmp_path / "small.safetensors"
        info = WeightsInfo(fingerprinter=system.name, config=settings, source="a test")
        write_weights(path, tensors, info)
        return path

    return write


def test_a_weights_file_decides_the_size_of_the_network(
    system: System, small: Fingerprinter, write_small: Callable[..., Path]
) -> None:
    loaded = system.create(Settings(weights=write_small(width=16)))
    np.testing.assert_array_equal(loaded.embed(noise(2)), small.embed(noise(2)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({}, r"does not fit the network: .* has shape", id="another size"),
        pytest.param({"depth": 3}, "made for another network: it sets depth", id="no setting"),
    ],
)
def test_weights_of_another_network_are_refused(
    system: System, write_small: Callable[..., Path], settings: dict[str, int], message: str
) -> None:
    with pytest.raises(FpbenchError, match=message):
        system.create(Settings(weights=write_small(**settings)))


def test_a_wrong_setting_lists_the_right_ones(system: System) -> None:
    with pytest.raises(FpbenchError, match="no setting is called 'hops'") as caught:
        system.create(Settings(options={"hops": "1"}))
    assert "hop_s=0.5" in (caught.value.hint or "")
