"""A system is known by what it makes of a fixed signal, not by its name or its source."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from fpbench import FingerprintSpec, FpbenchError
from fpbench.plugin.systems import (
    SystemIdentity,
    describe_spec,
    encode_probe,
    identity_from_text,
)

SPEC = FingerprintSpec(sample_rate_hz=8_000, segment_s=1.0, dim=4)


def system(probe: np.ndarray, name: str = "mine", spec: FingerprintSpec = SPEC) -> SystemIdentity:
    return SystemIdentity(
        name=name,
        weights_sha256=None,
        options={"width": "8"},
        spec=describe_spec(spec),
        probe=encode_probe(probe.astype(np.float32)),
    )


@pytest.fixture
def probe(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((3, 4))


def test_another_name_and_rounding_are_the_same_system(probe: np.ndarray) -> None:
    one, other = system(probe), system(probe * 1.001 + 1e-3, "renamed")
    assert one.is_same(other)
    assert other.is_same(one)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda probe: probe[:, ::-1], id="other weights"),
        pytest.param(lambda probe: 2 * probe, id="another scale"),
        pytest.param(lambda probe: probe[:2], id="fewer fingerprints"),
        pytest.param(lambda probe: 0 * probe, id="zeros"),
    ],
)
def test_other_fingerprints_are_another_system(probe: np.ndarray, change: object) -> None:
    assert callable(change)
    assert not system(probe).is_same(system(change(probe)))


def test_another_hop_is_another_system(probe: np.ndarray) -> None:
    assert not system(probe).is_same(system(probe, spec=replace(SPEC, hop_s=0.25)))


def test_zeros_are_the_same_as_zeros(probe: np.ndarray) -> None:
    assert system(0 * probe).is_same(system(0 * probe))


def test_is_described_with_weights_and_settings(probe: np.ndarray) -> None:
    one = replace(system(probe), weights_sha256="0123456789abcdef" * 4)
    assert str(one) == "mine (weights 01234567, width=8, 8000 Hz, 1 s, 4 dims)"


def test_is_read_as_it_was_written(probe: np.ndarray) -> None:
    one = system(probe)
    assert identity_from_text(json.dumps(asdict(one)), "a file") == one
    assert identity_from_text("null", "a file") is None


@pytest.mark.parametrize("damage", ["{", "[]", '{"name": 1}', "probe"])
def test_a_damaged_identity_is_named(probe: np.ndarray, damage: str) -> None:
    text = json.dumps({**asdict(system(probe)), "probe": "AAA"}) if damage == "probe" else damage
    with pytest.raises(FpbenchError, match="some file"):
        identity_from_text(text, "some file")
