"""Versions and hardware behind a result."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version


def environment(device: str) -> dict[str, str]:
    """Versions and hardware behind a result; nothing that names a person or a machine."""
    import torch

    found = {
        name: _version(name)
        for name in ("fpbench-audio", "torch", "faiss-cpu", "numpy", "scipy", "soundfile", "soxr")
    }
    found |= {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu_cores": str(os.cpu_count()),
    }
    if device.startswith("cuda"):
        found["gpu"] = torch.cuda.get_device_name(device)
    return found


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:  # conda's FAISS goes by another name
        return "unknown"
