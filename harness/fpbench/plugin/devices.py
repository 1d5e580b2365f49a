"""Which arithmetic a device is fast at."""

from logging import getLogger
from typing import Literal, get_args

from fpbench.errors import FpbenchError
from fpbench.plugin.entries import Dtype

WantedDtype = Literal["auto", "float32", "bfloat16"]
WANTED_DTYPES: tuple[WantedDtype, ...] = get_args(WantedDtype)

_BFLOAT16_UNITS = ("amx_bf16", "avx512_bf16", "bf16", "sve_bf16")  # of x86 and ARM processors

logger = getLogger(__name__)


def has_bfloat16(device: str) -> bool:
    """Whether a device multiplies matrices of bfloat16 in hardware.

    A processor that does not is some hundred times slower at it than at float32.
    """
    import torch

    if device != "cpu":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return any(torch.cpu.get_capabilities().get(unit, False) for unit in _BFLOAT16_UNITS)


def resolve_dtype(dtype: WantedDtype, device: str) -> Dtype:
    """``auto`` as what is fastest on a device; anything else as it is, with a warning if slow.

    From then on a GPU computes float32 as float32.

    Raises:
        FpbenchError: There is no such device.
    """
    if device != "cpu":
        import torch

        if not torch.cuda.is_available():
            raise FpbenchError(
                f"device '{device}' is not there: torch {torch.__version__} finds no GPU",
                hint="--device cpu, or a torch built for CUDA and its driver",
            )
        # Or cuDNN rounds what it convolves to ten bits, and a result says float32 all the same.
        torch.backends.cudnn.allow_tf32 = False
    if dtype == "float32":
        return dtype
    fast = has_bfloat16(device)
    if dtype == "auto":
        return "bfloat16" if fast else "float32"
    if not fast:
        logger.warning(
            "this processor has no bfloat16 arithmetic and takes some hundred times as long for "
            "it: --dtype float32 is faster, and --dtype auto chooses"
        )
    return dtype
