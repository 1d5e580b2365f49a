"""Workers are divided among machines by their cores or GPUs."""

import subprocess
import sys
from typing import Any

import pytest

from fpbench import FpbenchError
from fpbench.search.engines.ray_cluster import open_cluster, plan_places


def node(name: str, cores: float, gpus: float = 0, *, alive: bool = True) -> dict[str, Any]:
    resources = {"CPU": cores, **({"GPU": gpus} if gpus else {})}
    return {"NodeID": name, "NodeManagerHostname": name, "Alive": alive, "Resources": resources}


def places(*arguments: Any, on_gpus: bool = False) -> list[tuple[str, int, int]]:
    planned = plan_places(*arguments, on_gpus=on_gpus)
    assert len(set(planned)) == len(planned)
    return [(place.machine, place.cores, place.gpus) for place in planned]


def test_a_worker_has_a_whole_machine() -> None:
    nodes = [node("a", 8), node("b", 2), node("head", 0), node("gone", 8, alive=False)]
    assert places(nodes, None) == [("a", 8, 0), ("b", 2, 0)]


def test_more_workers_divide_the_cores() -> None:
    assert places([node("a", 8), node("b", 2)], 3) == [("a", 4, 0), ("a", 4, 0), ("b", 2, 0)]
    assert places([node("a", 7)], 2) == [("a", 3, 0), ("a", 3, 0)]


def test_a_worker_has_a_gpu() -> None:
    nodes = [node("a", 16, 2), node("b", 8, 1), node("c", 64)]
    assert places(nodes, None, on_gpus=True) == [("a", 8, 1), ("a", 8, 1), ("b", 8, 1)]
    assert places(nodes, 2, on_gpus=True) == [("a", 16, 1), ("b", 8, 1)]


@pytest.mark.parametrize(
    ("workers", "on_gpus", "named"),
    [
        (3, False, "the Ray cluster has 2 cores, too few for 3 workers"),
        (None, True, "the Ray cluster has 0 GPUs, too few for 1 workers"),
    ],
)
def test_too_small_a_cluster_is_refused(workers: int | None, on_gpus: bool, named: str) -> None:
    with pytest.raises(FpbenchError, match=named):
        plan_places([node("a", 2)], workers, on_gpus=on_gpus)


CODE = """
from fpbench import FpbenchError
from fpbench.search.engines.ray_cluster import open_cluster
try:
    with open_cluster("nonsense", None, on_gpus=False):
        print("joined")
except FpbenchError as err:
    print(err.message)
"""


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_named() -> None:
    pytest.importorskip("ray")
    # In a process of its own, because one that has joined a cluster stays there.
    shown = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("there is no Ray cluster at 'nonsense'")


def test_without_an_address_nobody_else_s_cluster_is_joined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ray = pytest.importorskip("ray")
    joined: list[str | None] = []

    def init(address: str | None, **_settings: object) -> None:
        joined.append(address)
        raise ConnectionError("no more than that is wanted")

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", init)
    for address in (None, "auto"):
        with (
            pytest.raises(FpbenchError, match="no Ray cluster"),
            open_cluster(address, 1, on_gpus=False),
        ):
            pass
    assert joined == ["local", "auto"]
