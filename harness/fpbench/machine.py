"""Cores and memory that this process may use, which may be few of those of the machine."""

import math
import os
from collections.abc import Mapping
from pathlib import Path

from fpbench.control_groups import control_groups

_CORES_OF_JOBS = ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE", "NSLOTS", "LSB_DJOB_NUMPROC")
"""Variables of batch systems (Slurm, Grid Engine, LSF); the first that is set counts."""

_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_ROOT = Path("/")


def usable_cores(root: Path = _ROOT, environment: Mapping[str, str] = os.environ) -> int:
    """Cores that this process may use: those of its affinity, its container and its job.

    Args:
        root: Root of the file system, for the limits of control groups.
        environment: Environment variables, for those of batch systems.
    """
    limits = [float(_cores_of_process())]
    limits += [cores for group in control_groups("cpu", root) if (cores := group.cores())]
    limits += [cores for name in _CORES_OF_JOBS if (cores := _number(environment.get(name)))][:1]
    return max(1, math.ceil(min(limits)))


def available_memory_bytes(
    root: Path = _ROOT, environment: Mapping[str, str] = os.environ
) -> float:
    """Memory that this process may have in all, without swapping; infinite if unknown.

    This is what is free in the machine, its container and its job, and what it has already.

    Args:
        root: Root of the file system, for ``/proc`` and the limits of control groups.
        environment: Environment variables, for those of Slurm.
    """
    free = [_free_bytes(root)]
    free += [b for group in control_groups("memory", root) if (b := group.free_bytes()) is not None]
    return min(min(free) + _own_bytes(root), _bytes_of_job(environment))


def arithmetic_threads(environment: Mapping[str, str] = os.environ) -> int:
    """Threads of the libraries that compute: ``OMP_NUM_THREADS`` if set, else the usable cores."""
    wanted = _number(environment.get("OMP_NUM_THREADS", "").partition(",")[0])
    return int(wanted) if wanted else usable_cores(environment=environment)


def limit_threads() -> None:
    """Let libraries start no more threads than there are usable cores.

    OpenMP, on which torch and FAISS compute, knows the affinity of a process but not the limits of
    its container: on a machine of 192 cores, a container of 4 would start 192 threads. A user's
    ``OMP_NUM_THREADS`` stays. Libraries that are loaded already are not changed.
    """
    cores = usable_cores()
    if cores < _cores_of_process():
        os.environ.setdefault("OMP_NUM_THREADS", str(cores))


def _cores_of_process() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _free_bytes(root: Path) -> float:
    try:
        text = (root / "proc/meminfo").read_text(encoding="ascii")
        fields = dict(line.split(":", 1) for line in text.splitlines())
        return 1024.0 * int(fields["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        return math.inf


def _own_bytes(root: Path) -> float:
    """Memory that this process has; 0 if unknown."""
    try:
        pages = int((root / "proc/self/statm").read_text(encoding="ascii").split()[1])
        return float(pages * os.sysconf("SC_PAGE_SIZE"))
    except (OSError, IndexError, ValueError):
        return 0.0


def _bytes_of_job(environment: Mapping[str, str]) -> float:
    """Memory of a Slurm job; infinite if there is none, or it has all of the machine."""
    node = _job_bytes(environment.get("SLURM_MEM_PER_NODE"))
    if node:
        return node
    core = _job_bytes(environment.get("SLURM_MEM_PER_CPU"))
    cores = _number(environment.get("SLURM_CPUS_ON_NODE"))
    cores = cores or _number(environment.get("SLURM_CPUS_PER_TASK")) or 1
    return core * cores if core else math.inf


def _job_bytes(text: str | None) -> float | None:
    """A size in megabytes, or with a unit."""
    unit = (text or "")[-1:].upper()
    number = _number(text[:-1] if text and unit in _UNITS else text)
    return number * _UNITS.get(unit, _UNITS["M"]) if number else None


def _number(text: str | None) -> float | None:
    """A positive whole number; None if there is none."""
    text = (text or "").strip()
    return float(text) if text.isascii() and text.isdecimal() and int(text) else None
