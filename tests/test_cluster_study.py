"""The study of a cluster: times that can be worked out by hand."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

STUDY = Path(__file__).parents[1] / "docs" / "studies" / "cluster.py"


@pytest.fixture(scope="module")
def study() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cluster_study", STUDY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look for it
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("changes", "queues", "expected_s"),
    [
        pytest.param({}, [[100, 100, 100]], 10 + 20, id="two workers, three blocks"),
        pytest.param({"slow": 0.5}, [[100, 100, 100]], 10 + 20, id="the fast one has two"),
        pytest.param({"slow": 0.5}, [[100], [100, 100]], 10 + 20, id="the slow one has one"),
        pytest.param({"slow": 0.5}, [[100, 100], [100]], 10 + 40, id="the slow one has two"),
        pytest.param({"keep_s": 50.0}, [[100, 100]], 20 + 100, id="keeping takes longest"),
    ],
)
def test_blocks_take_the_time_of_their_worker(
    study: ModuleType, changes: dict[str, float], queues: list[list[int]], expected_s: float
) -> None:
    exact = {"workers": 2, "rate": 10.0, "jitter": 0.0, "start_s": 10.0, "keep_s": 0.0}
    cluster = study.Cluster(**{**exact, **changes})
    assert study.simulate(cluster, queues, np.random.default_rng(0)) == pytest.approx(expected_s)


def test_a_block_of_a_dead_worker_is_searched_again(study: ModuleType) -> None:
    rare = {"workers": 1, "rate": 10.0, "jitter": 0.0, "start_s": 10.0, "keep_s": 0.0}
    mortal = study.Cluster(**rare, hours_of_life=0.1)
    times_s = [study.simulate(mortal, [[100] * 30], np.random.default_rng(n)) for n in range(30)]
    assert min(times_s) >= 310
    assert 320 < np.mean(times_s) < 350  # a death costs 10 s to start, and 5 s of a block
