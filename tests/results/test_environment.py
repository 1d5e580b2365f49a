"""The environment of a result gives versions and hardware."""

import platform
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest

from fpbench.results import environment as environment_module
from fpbench.results.environment import describe_machine, environment


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


def test_the_machine_is_described_without_its_name() -> None:
    found = describe_machine("cpu")
    assert found.cores >= 1
    assert found.cpu
    assert (found.gpu, found.gpu_memory_bytes) == (None, None)
    name = platform.node()
    assert not name or len(name) < 3 or name not in f"{found.cpu} {found.system}".split()
