"""``auto`` is the fast dtype of a device, a slow choice gives a warning, and GPUs have numbers."""

import logging
import os

import pytest
import torch

from fpbench import FpbenchError
from fpbench.plugin.devices import (
    gpu_environments,
    has_bfloat16,
    resolve_dtype,
    select_device,
    visible_gpus,
)


def test_auto_is_bfloat16_where_the_processor_has_it() -> None:
    assert resolve_dtype("auto", "cpu") == ("bfloat16" if has_bfloat16("cpu") else "float32")


def test_other_dtypes_are_kept() -> None:
    assert resolve_dtype("float32", "cpu") == "float32"
    assert resolve_dtype("bfloat16", "cpu") == "bfloat16"


def test_warns_of_bfloat16_without_hardware(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        resolve_dtype("bfloat16", "cpu")
    assert ("--dtype auto" in caplog.text) is not has_bfloat16("cpu")


def test_the_names_of_bfloat16_units_are_those_of_torch() -> None:
    known = torch.cpu.get_capabilities()
    assert {"avx512_bf16", "amx_bf16"} <= set(known) or "bf16" in known


@pytest.mark.parametrize(
    ("named", "count", "expected"),
    [
        (None, 0, []),
        (None, 3, ["0", "1", "2"]),
        ("2, 0", 2, ["2", "0"]),
        ("GPU-8f,GPU-1c", 2, ["GPU-8f", "GPU-1c"]),
        ("", 0, []),
    ],
)
def test_gpus_have_the_names_that_the_environment_gives_them(
    named: str | None, count: int, expected: list[str]
) -> None:
    environment = {} if named is None else {"CUDA_VISIBLE_DEVICES": named}
    assert visible_gpus(environment, count) == expected


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where GPUs 4 and 7 are visible."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")


@pytest.mark.usefixtures("two_gpus")
def test_one_gpu_can_be_chosen() -> None:
    assert gpu_environments() == [{"CUDA_VISIBLE_DEVICES": gpu} for gpu in "47"]
    assert [select_device(device) for device in ("cpu", "cuda")] == ["cpu", "cuda"]
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "4,7"
    assert select_device("cuda:1") == "cuda"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "7"


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize("device", ["cuda:2", "cuda:", "cuda:x", "cuda:-1"])
def test_a_gpu_that_is_not_there_is_refused(device: str) -> None:
    with pytest.raises(FpbenchError, match="is not available: there are GPUs 0 to 1"):
        select_device(device)


def test_without_gpus_their_numbers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(FpbenchError, match=r"device 'cuda:1' is not available: torch .* no GPU"):
        select_device("cuda:1")
