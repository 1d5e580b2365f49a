"""``auto`` is what the device is fast at, and a slow choice is warned of."""

import logging

import pytest
import torch

from fpbench.plugin.devices import has_bfloat16, resolve_dtype


def test_auto_is_bfloat16_where_the_processor_has_it() -> None:
    assert resolve_dtype("auto", "cpu") == ("bfloat16" if has_bfloat16("cpu") else "float32")


def test_what_was_asked_for_stays() -> None:
    assert resolve_dtype("float32", "cpu") == "float32"
    assert resolve_dtype("bfloat16", "cpu") == "bfloat16"


def test_bfloat16_without_hardware_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        resolve_dtype("bfloat16", "cpu")
    assert ("--dtype auto" in caplog.text) is not has_bfloat16("cpu")


def test_the_processor_is_asked_in_words_it_knows() -> None:
    said = torch.cpu.get_capabilities()
    assert {"avx512_bf16", "amx_bf16"} <= set(said) or "bf16" in said
