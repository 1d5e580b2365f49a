"""Fingerprinter and generator are those of the config."""

from collections.abc import Callable
from pathlib import Path

import pytest

CONTRADICTIONS = [
    pytest.param(
        ("fingerprinter.name", "mine", "config.fingerprinter is 'spectral-sketch'"), id="name"
    ),
    pytest.param(("fingerprinter.options", {"a": "b"}, "the config gives null"), id="options"),
    pytest.param(("fingerprinter.device", "cuda", 'the config gives "cpu"'), id="device"),
    pytest.param(("fingerprinter.dtype", "float16", 'the config gives "float32"'), id="dtype"),
    pytest.param(
        (
            "fingerprinter.weights_sha256",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "config.weights is None",
        ),
        id="weights",
    ),
    pytest.param(("generator.name", "resample", "config.generator is 'gaussian'"), id="generator"),
    pytest.param(
        ("generator.fitted_fingerprints", 1000000, "data.distractor_fingerprints is 1180"), id="fit"
    ),
    pytest.param(("generator.foreign", True, "config.foreign_generator is not true"), id="foreign"),
]


@pytest.mark.parametrize("lie", CONTRADICTIONS)
def test_a_contradiction_is_found(
    synthetic: Path,
    problems_with: Callable[[Path, str, object], str],
    lie: tuple[str, object, str],
) -> None:
    field, value, rule = lie
    found = problems_with(synthetic, field, value)
    assert f"/{field.replace('.', '/')}" in found
    assert rule in found
