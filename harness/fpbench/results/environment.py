"""Versions and hardware behind a result."""

import platform
from importlib.metadata import PackageNotFoundError, version

from fpbench.machine import usable_cores


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
