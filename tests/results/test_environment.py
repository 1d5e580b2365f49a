"""The environment of a result gives versions and hardware."""

from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest

from fpbench.results import environment as environment_module
from fpbench.results.environment import environment


def test_gives_versions_and_marks_missing_packages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(environment_module, "version", without_faiss)
    entries = environment("cpu")
    assert entries["faiss-cpu"] == "unknown"
    assert entries["numpy"] == np.__version__


def without_faiss(distribution: str) -> str:
    if distribution == "faiss-cpu":
        raise PackageNotFoundError(distribution)
    return version(distribution)
