"""A generator's file is written atomically, names its generator, and is loaded by it."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from safetensors.numpy import save_file

from fpbench import FpbenchError, Settings, Vectors
from fpbench.generators.files import (
    FitRecord,
    is_fitted_to,
    load_generator,
    read_history,
    record_path,
    save_generator,
    write_record,
)
from fpbench.hashing import file_sha256
from fpbench.plugin.catalog import Catalog

ARRAYS = {
    "mean": np.zeros(2, np.float32),
    "factor": np.eye(2, dtype=np.float32),
    "project": np.array(True),
}
RECORD = FitRecord(
    generator="gaussian",
    settings={},
    seed=0,
    device="cpu",
    dtype="float32",
    fingerprints="real.npy",
    fingerprints_sha256="1" * 64,
    rows=9,
    dim=2,
    generator_sha256="2" * 64,
    history=[],
)


class Writing:
    """Writes its text, and waits for something else before it is finished."""

    dim = 2
    parameters = MappingProxyType({"pens": 1})

    def __init__(self, text: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.text, self.meanwhile = text, meanwhile

    def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
        raise NotImplementedError

    def save(self, path: Path, /) -> None:
        path.write_text(self.text)
        self.meanwhile()


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A Gaussian whose files do not name it."""
    save_file(ARRAYS, tmp_path / "g.safetensors")
    return tmp_path / "g.safetensors"


def load(path: Path, catalog: Catalog, name: str | None = None) -> dict[str, object]:
    return dict(load_generator(path, catalog, Settings(), name).parameters)


def test_two_processes_may_save_the_same_generator(tmp_path: Path) -> None:
    path = tmp_path / "g.safetensors"
    slow = Writing("slow", lambda: save_generator(Writing("fast"), path))
    save_generator(slow, path)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(path.name, "slow")]


def test_a_generator_is_loaded_by_the_name_that_is_given(path: Path, catalog: Catalog) -> None:
    assert load(path, catalog, "gaussian") == {"project": True}


def test_the_record_names_the_generator(path: Path, catalog: Catalog) -> None:
    write_record(RECORD, path)
    assert load(path, catalog) == {"project": True}


def test_the_record_names_no_folder(path: Path, catalog: Catalog, tmp_path: Path) -> None:
    record = replace(RECORD, generator="plugin:/home/ann/gen.py", settings={"a": "/data/x.npy"})
    write_record(record, path)
    written = json.loads(record_path(path).read_text())
    assert (written["generator"], written["settings"]) == ("plugin:gen.py", {"a": "x.npy"})
    with pytest.raises(FpbenchError, match=r"was made by generator 'plugin:gen\.py'") as err:
        load(path, catalog)
    assert err.value.hint == "give that file with --generator plugin:PATH"


def test_the_file_itself_may_name_the_generator(path: Path, catalog: Catalog) -> None:
    save_file(ARRAYS, path, metadata={"fpbench": json.dumps({"generator": "gaussian"})})
    assert load(path, catalog) == {"project": True}


def test_a_name_is_required_if_neither_record_nor_file_has_one(
    path: Path, catalog: Catalog
) -> None:
    with pytest.raises(FpbenchError, match="do not name the generator") as err:
        load(path, catalog)
    assert err.value.hint == "add --generator NAME"


def test_another_name_than_in_the_record_is_refused(path: Path, catalog: Catalog) -> None:
    write_record(RECORD, path)
    with pytest.raises(FpbenchError, match="made by generator 'gaussian', not 'resample'") as err:
        load(path, catalog, "resample")
    assert err.value.hint == "add --generator gaussian"


def test_a_generator_from_a_plugin_file_may_have_any_name(path: Path, catalog: Catalog) -> None:
    # Only the plugin file has the name of its entry.
    path.with_suffix(".json").write_text('{"generator": "plugin:mine.py"}')
    assert load(path, catalog, "gaussian") == {"project": True}


def test_a_missing_generator_is_named(tmp_path: Path, catalog: Catalog) -> None:
    with pytest.raises(FpbenchError, match=r"there is no generator '.*none\.safetensors'"):
        load(tmp_path / "none.safetensors", catalog, "gaussian")


@pytest.mark.parametrize("content", [b"", b"in words", b"\x10" + bytes(20)])
def test_a_damaged_generator_is_named(path: Path, catalog: Catalog, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(FpbenchError, match=r"g\.safetensors"):
        load(path, catalog, "gaussian")
    assert read_history(path) == []


def test_a_record_is_valid_json_for_any_history(path: Path) -> None:
    history = [{"step": 1.0, "loss": math.nan}, {"step": 2.0, "loss": math.inf}]
    write_record(replace(RECORD, history=history), path)
    record = json.loads(record_path(path).read_text())
    assert record_path(path).name == "g.json"
    assert record["history"] == [{"step": 1.0, "loss": None}, {"step": 2.0, "loss": None}]
    assert (record["generator"], record["rows"], record["dim"]) == ("gaussian", 9, 2)


def test_the_record_identifies_the_fingerprints_of_the_fit(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "real.npy"
    real.write_bytes(b"rows")
    assert not is_fitted_to(path, real)  # nothing is recorded
    record = replace(RECORD, fingerprints_sha256=file_sha256(real))
    write_record(record, path)
    assert is_fitted_to(path, real)
    real.write_bytes(b"others")
    assert not is_fitted_to(path, real)


def test_the_history_of_a_fit_is_read_from_the_file(path: Path) -> None:
    assert read_history(path) == []
    history = [{"step": 1.0, "loss": 0.5}]
    save_file(ARRAYS, path, metadata={"fpbench": json.dumps({"record": {"history": history}})})
    assert read_history(path) == history
