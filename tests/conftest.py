"""Fixtures for all tests, and the shape checker on every call into fpbench."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

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


@pytest.fixture(scope="session")
def evidence_of() -> Callable[..., Any]:
    """Makes evidence of an exact search whose ranks are known beforehand."""
    return _evidence_of


def _evidence_of(better: Sequence[Sequence[int | None]], *, track: Sequence[int]) -> Any:
    """Evidence with blocks of ten distractors and shortlists of ten.

    Args:
        better: Of each block, how many of its distractors score above each query's match; None
            for a query without a match.
        track: Of each query.
    """
    from fpbench import Candidates
    from fpbench.evidence.evidence import Evidence

    def cell(scores: np.ndarray, width: int) -> Candidates:
        fillers = ((0, 0), (0, width - scores.shape[1]))
        exact = np.pad(scores.astype(np.float32), fillers, constant_values=-np.inf)
        ids = np.where(np.isfinite(exact), np.arange(width), -1)
        return Candidates(ids, -exact, exact)

    queries = len(track)
    above = np.array([[count or 0 for count in block] for block in better])
    there = np.array([count is not None for count in better[0]])
    distance_s = np.full((queries, 11), np.inf)
    distance_s[there, 0] = 0.0
    return Evidence(
        query_track=np.array(track),
        reference=cell(np.full((queries, 1), 0.5), 11),
        distance_s=distance_s,
        match_score=np.where(there, 0.5, -np.inf).astype(np.float32),
        edges=np.arange(len(better) + 1) * 10,
        blocks=[cell(np.where(np.arange(10) < n[:, None], 0.9, 0.1), 10) for n in above],
    )
