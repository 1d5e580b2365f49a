"""Weights files name their fingerprinter; damaged and other files are refused."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from fpbench import FpbenchError
from fpbench.encoders.weights import WeightsInfo, load_weights, read_info, write_weights

INFO = WeightsInfo(fingerprinter="toy", config={"width": 4}, source="ckpt-1.index", licence="MIT")
TENSORS = {"b": np.arange(6, dtype=np.float32).reshape(2, 3).T, "a": np.zeros(2, np.float32)}


def ours(**changes: object) -> str:
    return json.dumps({"format": 1} | dataclasses.asdict(INFO) | changes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "toy.safetensors"
    write_weights(path, TENSORS, INFO)
    return path


def test_a_weights_file_survives_a_round_trip(path: Path) -> None:
    tensors, info = load_weights(path, "toy")
    assert info == INFO == read_info(path)
    assert sorted(tensors) == ["a", "b"]
    np.testing.assert_array_equal(tensors["b"], [[0, 3], [1, 4], [2, 5]])


def test_the_wrong_fingerprinter_is_refused(path: Path) -> None:
    with pytest.raises(FpbenchError, match="holds weights of 'toy', not of 'nafp'"):
        load_weights(path, "nafp")


@pytest.mark.parametrize("size", [0, 4, 40, 200, -1])
def test_a_truncated_file_is_refused(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(FpbenchError, match="is not a safetensors file, or is damaged"):
        load_weights(path, "toy")


def test_a_file_that_is_cut_off_says_how_much_is_there(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-3])
    with pytest.raises(FpbenchError, match=f"has {len(content) - 3} of {len(content)} bytes"):
        load_weights(path, "toy")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="no weights file"):
        read_info(tmp_path / "nowhere.safetensors")


def test_another_safetensors_file_is_refused(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "x.safetensors", metadata={"format": "pt"})
    with pytest.raises(FpbenchError, match="does not name the fingerprinter"):
        load_weights(tmp_path / "x.safetensors", "toy")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        pytest.param('{"format": 2}', "has format 2, but this fpbench reads format 1", id="newer"),
        pytest.param('{"fingerprinter": "toy"}', "has format None", id="no format"),
        pytest.param('{"format": 1}', "field 'fingerprinter' is missing", id="incomplete"),
        pytest.param(ours(config=3), "field 'config' cannot be 3", id="value"),
        pytest.param(ours(license="MIT"), "no field is called 'license'", id="misspelt"),
        pytest.param("[]", r"metadata: the document cannot be \[\]", id="list"),
        pytest.param("{", "metadata: not JSON", id="no JSON"),
    ],
)
def test_metadata_must_be_valid(tmp_path: Path, said: str, message: str) -> None:
    save_file(TENSORS, tmp_path / "x.safetensors", metadata={"fpbench": said})
    with pytest.raises(FpbenchError, match=message):
        read_info(tmp_path / "x.safetensors")
