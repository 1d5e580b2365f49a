"""The fast dtype of a device."""

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
            raise FpbenchError(
                f"device '{device}' is not available: torch {torch.__version__} finds no GPU",
                hint="use --device cpu, or install the driver and a torch built for CUDA",
            )
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
