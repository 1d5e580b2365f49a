"""Versions and hardware behind a result."""

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from fpbench.hardware import cpu_model, total_memory_bytes
from fpbench.machine import usable_cores
from fpbench.results.fields import Positive, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The machine of a run, without names of persons or hosts. Threads are in ``costs``.

    Args:
        cpu: Model of the processor, as the system calls it.
        architecture: Its instruction set, such as ``x86_64``.
        cores: Cores that the run could use, of its affinity, container and job.
        memory_bytes: Memory of the machine; None where the system does not say it.
        gpu: Model of the GPU that the run used; None without one.
        gpu_memory_bytes: Memory of that GPU.
        system: Name and version of the operating system.
    """

    cpu: Words
    architecture: Words
    cores: Positive
    memory_bytes: Positive | None
    gpu: Words | None
    gpu_memory_bytes: Positive | None
    system: Words


def describe_machine(device: str) -> Machine:
    """The machine that this process runs on.

    Args:
        device: Device of the run.
    """
    import torch

    on_gpu = device.startswith("cuda")
    gpu = torch.cuda.get_device_properties(device) if on_gpu else None
    return Machine(
        cpu=cpu_model(),
        architecture=platform.machine() or "unknown",
        cores=usable_cores(),
        memory_bytes=total_memory_bytes(),
        gpu=None if gpu is None else gpu.name,
        gpu_memory_bytes=None if gpu is None else gpu.total_memory,
        system=_system(),
    )


def _system() -> str:
    """Such as ``Debian GNU/Linux 12 (bookworm), Linux 6.1.0``."""
    kernel = f"{platform.system()} {platform.release()}".strip() or "unknown"
    try:
        named = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return kernel
    return f"{named}, {kernel}"


def environment(device: str) -> dict[str, str]:
    """Versions and hardware behind a result; no names of persons or machines."""
    import torch

    entries = {
        name: _version(name)
        for name in (
            *("fpbench-audio", "torch", "faiss-cpu", "numpy", "scipy"),
            *("soundfile", "av", "soxr"),
        )
    }
    entries |= {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu_cores": str(usable_cores()),
    }
    if device.startswith("cuda"):
        entries["gpu"] = torch.cuda.get_device_name(device)
    return entries


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:  # FAISS has another name in conda
        return "unknown"
