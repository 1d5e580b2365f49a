"""The plan knows what fidelity of longer queries needs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fpbench.results.lengths import QueryLength
from fpbench.results.systems import FingerprinterInfo
from fpbench.runs.config import RunConfig
from fpbench.runs.planning.fidelity_needs import fidelity_needs
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.run_sets import RUN_BYTES

DIM, SEGMENTS = 128, 5
THREE_S = [QueryLength(3.0, SEGMENTS)]  # one fingerprint is left of a query of 1 s


@pytest.fixture
def longer(config: RunConfig) -> RunConfig:
    return replace(config, recipe=replace(config.recipe, query_length_s=3.0))


@pytest.fixture
def info(prepared: Callable[..., PreparedRun]) -> FingerprinterInfo:
    return replace(prepared().info, dim=DIM, hop_s=0.5)


def test_single_fingerprints_need_little(config: RunConfig, info: FingerprinterInfo) -> None:
    assert fidelity_needs(config, 1_000_000, info, [QueryLength(1.0, 1)]) == []


def test_memory_grows_with_the_judging_runs_to_a_limit(
    longer: RunConfig, info: FingerprinterInfo
) -> None:
    few, many, all_of_few = (
        fidelity_needs(one, rows, info, THREE_S)[0].memory_bytes
        for one, rows in (
            (longer, 20_000),
            (longer, 10**8),
            (replace(longer, generator_weights=Path("g.safetensors")), 20_000),
        )
    )
    assert few == 6 * 10_000 * 4 * DIM * (SEGMENTS + 1)
    assert all_of_few == 2 * few
    limit = 6 * RUN_BYTES * (SEGMENTS + 1) / SEGMENTS
    assert 0.99 * limit < many <= limit


def test_queries_of_several_lengths_are_searched_once_at_each(
    longer: RunConfig, info: FingerprinterInfo
) -> None:
    # At two tolerances for the longest, and one for the others: 2 * 5 + 1 and 2 * 5 + 1 + 3.
    one, two = (
        fidelity_needs(longer, 20_000, info, [*shorter, *THREE_S])[0]
        for shorter in ([QueryLength(1.0, 1)], [QueryLength(1.0, 1), QueryLength(2.0, 3)])
    )
    assert two.seconds == pytest.approx(one.seconds * 14 / 11)
    assert two.memory_bytes == one.memory_bytes * (SEGMENTS + 3) / (SEGMENTS + 1)
