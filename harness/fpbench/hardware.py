"""The model of the processor and the size of the memory; no names of persons or machines."""

import os
import platform
from functools import cache
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_NAMES = ("model name", "Model", "Hardware", "cpu model")  # x86; then other architectures


@cache
def cpu_model(cpuinfo: Path = _CPUINFO) -> str:
    """The model of the processor as the system calls it; its architecture if it has no name.

    Args:
        cpuinfo: Linux's list of processors.
    """
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # no Linux
        lines = []
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())  # of the first processor
    named = (fields[name] for name in _NAMES if fields.get(name))
    model = next(named, platform.processor() or platform.machine() or "unknown")
    return " ".join(model.split())[:200]


def total_memory_bytes() -> int | None:
    """Memory of the machine, whatever this process may have of it; None if unknown."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # no POSIX
        return None


def load_average() -> float | None:
    """Processes of all programs that ran or waited for a processor, on average over a minute."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):  # no POSIX
        return None
