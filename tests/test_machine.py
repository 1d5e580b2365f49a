"""Cores and memory are those of the process, not those of the machine."""

import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fpbench.machine import arithmetic_threads, available_memory_bytes, limit_threads, usable_cores

MEMINFO = "MemTotal:  9000 kB\nMemAvailable:    1000 kB\n"
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@pytest.fixture
def container(tmp_path: Path) -> Path:
    """The root of a file system with a container in a group that allows less than it does."""
    files = {
        "proc/self/cgroup": "0::/pod/container\n",
        "proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "proc/self/statm": "900 25 9 1 0 90 0\n",
        "proc/meminfo": MEMINFO,
        "sys/fs/cgroup/pod/cpu.max": "50000 100000\n",
        "sys/fs/cgroup/pod/memory.max": "500000\n",
        "sys/fs/cgroup/pod/memory.current": "100000\n",
        "sys/fs/cgroup/pod/container/cpu.max": "max 100000\n",
        "sys/fs/cgroup/pod/container/memory.max": "max\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_container_has_its_own_cores_and_memory(container: Path) -> None:
    assert usable_cores(container, {}) == 1  # half a core
    own_bytes = 25 * os.sysconf("SC_PAGE_SIZE")
    assert available_memory_bytes(container, {}) == 400_000 + own_bytes


def test_without_limits_the_process_has_what_its_machine_has(tmp_path: Path) -> None:
    assert usable_cores(tmp_path, {}) == CORES
    assert available_memory_bytes(tmp_path, {}) == math.inf
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "meminfo").write_text(MEMINFO)
    assert available_memory_bytes(tmp_path, {}) == 1_024_000


@pytest.mark.parametrize(
    ("environment", "cores"),
    [
        ({"SLURM_CPUS_PER_TASK": "1", "SLURM_CPUS_ON_NODE": "64"}, 1),
        ({"SLURM_CPUS_ON_NODE": "1"}, 1),
        ({"NSLOTS": "1"}, 1),
        ({"SLURM_CPUS_PER_TASK": "100000"}, CORES),
        ({"SLURM_CPUS_PER_TASK": "all"}, CORES),
        ({"SLURM_CPUS_PER_TASK": "0"}, CORES),
        ({"OMP_NUM_THREADS": "1"}, CORES),
    ],
)
def test_a_job_has_the_cores_that_it_asked_for(
    tmp_path: Path, environment: dict[str, str], cores: int
) -> None:
    assert usable_cores(tmp_path, environment) == cores


@pytest.mark.parametrize(
    ("environment", "size_bytes"),
    [
        ({"SLURM_MEM_PER_NODE": "4096"}, 4 << 30),
        ({"SLURM_MEM_PER_NODE": "3G"}, 3 << 30),
        ({"SLURM_MEM_PER_CPU": "1024", "SLURM_CPUS_ON_NODE": "8"}, 8 << 30),
        ({"SLURM_MEM_PER_CPU": "1024", "SLURM_CPUS_PER_TASK": "2"}, 2 << 30),
        ({"SLURM_MEM_PER_NODE": "0"}, math.inf),  # all of the machine
        ({"SLURM_MEM_PER_NODE": "?"}, math.inf),
    ],
)
def test_a_job_has_the_memory_that_it_asked_for(
    tmp_path: Path, environment: dict[str, str], size_bytes: float
) -> None:
    assert available_memory_bytes(tmp_path, environment) == size_bytes


@pytest.mark.parametrize(
    ("wanted", "threads"), [("3", 3), ("5,2", 5), ("", CORES), ("many", CORES), ("0", CORES)]
)
def test_arithmetic_has_the_threads_that_the_user_wants(wanted: str, threads: int) -> None:
    assert arithmetic_threads({"OMP_NUM_THREADS": wanted}) == threads


def test_libraries_are_limited_only_below_the_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if CORES > 1:
        monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
        limit_threads()
        assert os.environ["OMP_NUM_THREADS"] == "1"
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    limit_threads()
    assert os.environ["OMP_NUM_THREADS"] == "7"


@pytest.mark.skipif(shutil.which("taskset") is None, reason="a command of Linux")
def test_a_process_on_one_core_has_one_core() -> None:
    cores = "from fpbench.machine import usable_cores; print(usable_cores())"
    core = str(min(os.sched_getaffinity(0)))
    command = ["taskset", "-c", core, sys.executable, "-c", cores]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"1\n"
