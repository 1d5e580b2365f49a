"""``auto`` is the fast dtype of the device, and a slow choice gives a warning."""

import logging

import pytest
import torch

from fpbench.plugin.devices import has_bfloat16, resolve_dtype


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
