"""Weights of any floating-point type are read; what cannot be used is named by tensor."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from fpbench import FpbenchError
from fpbench.tensor_files import read_tensors

VALUES = [[1.0, -2.5], [0.15625, 1024.0]]  # all of them exact in any type


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.safetensors"


def save(path: Path, **tensors: torch.Tensor) -> None:
    save_file(tensors, path, metadata={"format": "pt"})


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_every_floating_point_type_is_read_exactly(path: Path, dtype: str) -> None:
    kept = torch.arange(3)
    save(path, w=torch.tensor(VALUES, dtype=getattr(torch, dtype)), steps=kept)
    file = read_tensors(path, advice="make it again")
    np.testing.assert_array_equal(file.tensors["w"], VALUES)
    assert file.tensors["w"].dtype == (np.float32 if dtype == "bfloat16" else dtype)
    assert file.tensors["steps"].dtype == np.int64
    assert file.dtypes == (dtype,)
    assert file.metadata == {"format": "pt"}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_what_is_not_finite_is_named_by_file_and_tensor(path: Path, dtype: str, value: str) -> None:
    bad = torch.tensor([1.0, float(value), 2.0], dtype=getattr(torch, dtype))
    save(path, good=torch.ones(2), bad=bad)
    message = "weights.safetensors' holds NaN or infinity: 1 of 3 values of bad\n"
    with pytest.raises(FpbenchError, match=message):
        read_tensors(path, advice="make it again")
    assert read_tensors(path, advice="make it again", values=False).tensors == {}


def test_of_many_tensors_a_few_are_named(path: Path) -> None:
    save(path, **{f"layer{i}": torch.full((2,), float("nan")) for i in range(5)})
    with pytest.raises(FpbenchError, match="2 of 2 values of layer2, and values of 2 more tensors"):
        read_tensors(path, advice="make it again")


def test_eight_bits_are_refused(path: Path) -> None:
    save(path, w=torch.ones(2).to(torch.float8_e4m3fn))
    with pytest.raises(FpbenchError, match="tensor w is stored as F8_E4M3, which") as e:
        read_tensors(path, advice="make it again")
    assert "bfloat16" in str(e.value.hint)


def test_another_format_is_named(path: Path) -> None:
    torch.save({"w": torch.ones(2)}, path)
    with pytest.raises(FpbenchError, match=r"is not a safetensors file, .* a zip archive, as Py"):
        read_tensors(path, advice="make it again")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "it is empty"), (b"Entry not found\n", "it is only text: Entry not found")],
    ids=["empty", "answer"],
)
def test_the_answer_of_a_server_is_shown(path: Path, content: bytes, reason: str) -> None:
    path.write_bytes(content)
    with pytest.raises(FpbenchError, match=f"is not a safetensors file, or is damaged: {reason}"):
        read_tensors(path, advice="download it again")
