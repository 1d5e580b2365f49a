"""Workers of a Ray cluster find the bytes of one process, whoever dies; strangers are refused."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from block_searches import unit

from fpbench import FpbenchError
from fpbench.search.engines.local import LocalEngine
from fpbench.search.engines.missing import find_missing, search_missing
from fpbench.search.engines.ray_cluster import RayCluster, open_cluster
from fpbench.search.engines.ray_workers import RayWorkers
from fpbench.search.engines.sent_blocks import WorkersEngine

pytest.importorskip("ray")
from sent_parts import FullDisk, Mortal, Outdated, SentRows

pytestmark = pytest.mark.slow

EDGES = [0, 100, 200, 450, 900, 1000, 1100, 1150, 1300, 1500, 1510]
ROWS, QUERIES = (unit(n, np.random.default_rng(n)) for n in (EDGES[-1], 10))


@pytest.fixture(scope="module")
def cluster(ray_session: None) -> Iterator[RayCluster]:
    with open_cluster(None, 3, on_gpus=False) as cluster:
        yield cluster


@pytest.fixture
def workers(cluster: RayCluster) -> Callable[[int], RayCluster]:
    """The first workers of the cluster, which tests may lose."""
    return lambda number: replace(cluster, places=cluster.places[:number])


def files(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.npz")}


def found_with(cluster: RayCluster, parts: SentRows) -> dict[Path, bytes]:
    engine = WorkersEngine(RayWorkers(cluster), parts)
    list(search_missing(find_missing(parts.blocks(EDGES)), QUERIES, [engine]))
    return files(parts.folder)


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, bytes]:
    """What one process finds."""
    parts = SentRows(ROWS, tmp_path_factory.mktemp("serial"))
    list(search_missing(parts.blocks(EDGES), QUERIES, [LocalEngine()]))
    assert len(files(parts.folder)) == len(EDGES) - 1
    return files(parts.folder)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_any_number_of_workers_finds_the_same(
    workers: Callable[[int], RayCluster], serial: dict[Path, bytes], tmp_path: Path, number: int
) -> None:
    assert found_with(workers(number), SentRows(ROWS, tmp_path)) == serial


def test_blocks_of_a_killed_worker_are_searched_by_others(
    workers: Callable[[int], RayCluster],
    serial: dict[Path, bytes],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert found_with(workers(2), Mortal(ROWS, tmp_path / "found")) == serial
    assert caplog.text.count("has died and is replaced") == 1


def test_a_block_that_kills_every_worker_is_no_accident(
    workers: Callable[[int], RayCluster], tmp_path: Path
) -> None:
    with pytest.raises(FpbenchError, match="has died, as 2 before it of the same") as refused:
        found_with(workers(1), Mortal(ROWS, tmp_path / "found", blocks_in_life=0))
    assert "fewer --workers" in str(refused.value.hint)


def test_a_killed_driver_goes_on_where_it_stopped(
    workers: Callable[[int], RayCluster], serial: dict[Path, bytes], tmp_path: Path
) -> None:
    import ray

    np.save(tmp_path / "rows.npy", ROWS)
    np.save(tmp_path / "queries.npy", QUERIES)
    code = f"""
import os, signal, sys
sys.path[:] = {sys.path!r}
from pathlib import Path
import numpy as np
from sent_parts import SentRows
from fpbench.search.engines.missing import search_missing
from fpbench.search.engines.ray_cluster import open_cluster
from fpbench.search.engines.ray_workers import RayWorkers
from fpbench.search.engines.sent_blocks import WorkersEngine
rows, queries = np.load("rows.npy"), np.load("queries.npy")
parts = SentRows(rows, Path("found"))
with open_cluster({ray.get_runtime_context().gcs_address!r}, 2, on_gpus=False) as cluster:
    engine = WorkersEngine(RayWorkers(cluster), parts)
    cells = search_missing(parts.blocks({EDGES!r}), queries, [engine])
    for _ in range(3):
        next(cells)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    assert ended.returncode == -9
    parts = SentRows(ROWS, tmp_path / "found")
    kept = files(parts.folder)
    assert len(kept) == 3
    assert kept.items() <= serial.items()
    assert len(find_missing(parts.blocks(EDGES))) == len(EDGES) - 1 - 3
    assert found_with(workers(2), parts) == serial


def test_the_others_go_on_without_a_worker_whose_disk_is_full(
    workers: Callable[[int], RayCluster],
    serial: dict[Path, bytes],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    left = workers(2)
    assert found_with(left, FullDisk(ROWS, tmp_path / "found")) == serial
    assert len(left.places) == 1
    assert "cannot work, and the others go on without it: cannot write" in caplog.text
    assert "File too large" in caplog.text


def test_full_disks_everywhere_are_one_clear_error(
    workers: Callable[[int], RayCluster], tmp_path: Path
) -> None:
    with pytest.raises(FpbenchError, match=r"cannot write .*\.safetensors: File too large"):
        found_with(workers(2), FullDisk(ROWS, tmp_path / "found", disks=2))


def test_a_worker_with_another_fpbench_is_refused_by_name(
    workers: Callable[[int], RayCluster], tmp_path: Path
) -> None:
    import ray

    # Alone, because a worker that starts sooner could search all blocks before.
    outdated = replace(workers(1), _actors={})
    outdated._actors[outdated.places[0]] = ray.remote(Outdated).options(num_cpus=0).remote()
    with pytest.raises(FpbenchError, match=r"worker on oldie, process \d+, has fpbench 0\.0\.1"):
        found_with(outdated, SentRows(ROWS, tmp_path))
    outdated.close()


def test_a_worker_with_other_weights_is_refused_by_name(
    workers: Callable[[int], RayCluster], tmp_path: Path
) -> None:
    machine = os.uname().nodename
    with pytest.raises(FpbenchError, match=f"worker on {machine}, .* has another index 'scan'"):
        found_with(workers(2), SentRows(ROWS, tmp_path, made={"index 'scan'": "2"}))


def test_nothing_missing_asks_no_worker(tmp_path: Path) -> None:
    parts = SentRows(ROWS, tmp_path)
    assert list(WorkersEngine(RayWorkers(RayCluster([])), parts).search([], QUERIES)) == []
