"""The GPUs of this machine, and the fast dtype of a device."""

import os
from collections.abc import Mapping
from logging import getLogger
from typing import Literal, get_args

from fpbench.errors import FpbenchError
from fpbench.plugin.entries import Dtype

WantedDtype = Literal["auto", "float32", "bfloat16"]
WANTED_DTYPES: tuple[WantedDtype, ...] = get_args(WantedDtype)

_BFLOAT16_UNITS = ("amx_bf16", "avx512_bf16", "bf16", "sve_bf16")  # of x86 and ARM processors

logger = getLogger(__name__)


def has_bfloat16(device: str) -> bool:
    """Whether a device multiplies bfloat16 matrices in hardware.

    A processor without it is about a hundred times slower with bfloat16 than with float32.
    """
    import torch

    if device != "cpu":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return any(torch.cpu.get_capabilities().get(unit, False) for unit in _BFLOAT16_UNITS)


def resolve_dtype(dtype: WantedDtype, device: str) -> Dtype:
    """Resolve ``auto`` to the fastest dtype of a device; keep others, and warn of a slow one.

    This also turns off TF32 for convolutions, so that a GPU computes in full float32.

    Raises:
        FpbenchError: The device is not available.
    """
    if device != "cpu":
        import torch

        if not torch.cuda.is_available():
            raise _no_gpu_error(device)
        # Otherwise cuDNN rounds inputs of convolutions to 10 bits, and a result still says float32.
        torch.backends.cudnn.allow_tf32 = False
    if dtype == "float32":
        return dtype
    fast = has_bfloat16(device)
    if dtype == "auto":
        return "bfloat16" if fast else "float32"
    if not fast:
        logger.warning(
            "bfloat16 is about a hundred times slower than float32 on this processor, which has no "
            "instructions for it: use --dtype float32, or --dtype auto for the faster one"
        )
    return dtype


def select_device(device: str) -> str:
    """Let this process see one GPU alone, if a device has its number.

    Args:
        device: ``cpu``; ``cuda``, which is every GPU that is visible; or ``cuda:1``, the second of
            them.

    Returns:
        The device without its number.

    Raises:
        FpbenchError: There is no such GPU, or the process has used another one already.
    """
    kind, colon, number = device.partition(":")
    if kind != "cuda" or not colon:
        return device
    import torch

    gpus = visible_gpus(os.environ, torch.cuda.device_count())
    if not gpus:
        raise _no_gpu_error(device)
    if not number.isdecimal() or int(number) >= len(gpus):
        raise FpbenchError(
            f"device '{device}' is not available: there are GPUs 0 to {len(gpus) - 1}",
            hint="choose one of them",
        )
    used = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    if used and len(gpus) > 1:
        raise FpbenchError(
            f"device '{device}' cannot be chosen, because this process has used a GPU already",
            hint="choose it first of all, or with CUDA_VISIBLE_DEVICES",
        )
    os.environ["CUDA_VISIBLE_DEVICES"] = gpus[int(number)]
    return kind


def visible_gpus(environment: Mapping[str, str], count: int) -> list[str]:
    """What ``CUDA_VISIBLE_DEVICES`` calls each GPU of a process.

    Args:
        environment: Environment variables of the process.
        count: Number of GPUs that it sees.
    """
    named = environment.get("CUDA_VISIBLE_DEVICES")
    names = [str(number) for number in range(count)] if named is None else named.split(",")
    return [name.strip() for name in names[:count]]


def gpu_environments() -> list[dict[str, str]]:
    """Environment variables with which a process sees one GPU alone, for each GPU."""
    import torch

    gpus = visible_gpus(os.environ, torch.cuda.device_count())
    return [{"CUDA_VISIBLE_DEVICES": gpu} for gpu in gpus]


def _no_gpu_error(device: str) -> FpbenchError:
    import torch

    return FpbenchError(
        f"device '{device}' is not available: torch {torch.__version__} finds no GPU",
        hint="use --device cpu, or install the driver and a torch built for CUDA",
    )
