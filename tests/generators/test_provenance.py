"""A generator's file names the system and the fingerprints that it was fitted to."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from fpbench import FpbenchError
from fpbench.generators.provenance import (
    KEY,
    NotSafetensorsError,
    Provenance,
    add_provenance,
    read_provenance,
    refuse_other_system,
    rows_sha256,
)
from fpbench.plugin.systems import SystemIdentity, encode_probe

ARRAYS = {"a": np.arange(5, dtype=np.float32), "b": np.ones((2, 3), dtype=np.float32)}


def provenance(probe: float = 1.0, name: str = "mine") -> Provenance:
    row = np.array([[probe, 1.0]], dtype=np.float32)
    system = SystemIdentity(
        name=name, weights_sha256=None, spec={"dim": 2}, probe=encode_probe(row)
    )
    return Provenance(system=system, rows=7, rows_sha256="0" * 64)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_file(ARRAYS, tmp_path / "g.safetensors", metadata={"fpbench": "{}"})
    return tmp_path / "g.safetensors"


def test_is_read_from_the_file_beside_the_arrays(path: Path) -> None:
    assert read_provenance(path) is None
    add_provenance(path, provenance())
    assert read_provenance(path) == provenance()
    for name, array in load_file(path).items():
        np.testing.assert_array_equal(array, ARRAYS[name])
    with safe_open(path, framework="numpy") as file:
        assert set(file.metadata()) == {"fpbench", KEY}


def test_a_later_one_replaces_it(path: Path) -> None:
    add_provenance(path, provenance())
    first = path.read_bytes()
    add_provenance(path, provenance(name="renamed"))
    assert read_provenance(path) == provenance(name="renamed")
    add_provenance(path, provenance())
    assert path.read_bytes() == first


def test_the_system_may_be_unknown(path: Path) -> None:
    unknown = Provenance(system=None, rows=7, rows_sha256="0" * 64)
    add_provenance(path, unknown)
    assert read_provenance(path) == unknown


@pytest.mark.parametrize("content", [b"", b"in words", b"\xff" * 20, b"\x02" + bytes(7) + b"[]"])
def test_another_kind_of_file_has_none_and_stays_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert read_provenance(path) is None
    with pytest.raises(NotSafetensorsError):
        add_provenance(path, provenance())
    assert path.read_bytes() == content


def test_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "g.safetensors"
    save_file(ARRAYS, path, metadata={KEY: "{"})
    with pytest.raises(FpbenchError, match=r"g\.safetensors' has damaged metadata"):
        read_provenance(path)
    save_file(ARRAYS, path, metadata={KEY: '{"rows": 1}'})
    with pytest.raises(FpbenchError, match=r"g\.safetensors"):
        read_provenance(path)


def test_another_system_is_refused_and_both_are_named() -> None:
    other = provenance(probe=-1.0, name="theirs").system
    with pytest.raises(FpbenchError, match=r"fitted to .* of mine .* are of theirs") as e:
        refuse_other_system("generator 'g'", provenance(), other, hint="fit another")
    assert e.value.hint == "fit another"
    assert refuse_other_system("generator 'g'", provenance(), other, allow=True, hint="")


def test_the_same_and_unknown_systems_are_accepted() -> None:
    same = provenance(name="renamed").system
    assert not refuse_other_system("g", provenance(), same, hint="")
    assert not refuse_other_system("g", None, same, hint="")
    assert not refuse_other_system("g", provenance(), None, hint="")


def test_rows_are_hashed_in_order() -> None:
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert rows_sha256(rows, rows_at_once=2) == hashlib.sha256(rows.tobytes()).hexdigest()
    assert rows_sha256(rows[::-1]) != rows_sha256(rows)
