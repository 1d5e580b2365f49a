"""A result's environment names versions and hardware."""

from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest

from fpbench.results import environment as environment_module
from fpbench.results.environment import environment


def test_an_environment_names_what_is_installed_and_what_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(environment_module, "version", without_faiss)
    found = environment("cpu")
    assert found["faiss-cpu"] == "unknown"
    assert found["numpy"] == np.__version__


def without_faiss(distribution: str) -> str:
    if distribution == "faiss-cpu":
        raise PackageNotFoundError(distribution)
    return version(distribution)
