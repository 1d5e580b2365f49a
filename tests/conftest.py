"""Fixtures for all tests, and the shape checker on every call into fpbench."""

from pathlib import Path

import hypothesis
import numpy as np
import pytest
from jaxtyping import install_import_hook

# Before anything imports fpbench: every annotated array is checked on every call.
_CHECKED = install_import_hook(
    ["fpbench", "fpbench_plugins", "fpbench_leaderboard"], "beartype.beartype"
)

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of golden data and real audio beside the checkout; tests skip without it."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared beside this checkout")
    return SHARED
