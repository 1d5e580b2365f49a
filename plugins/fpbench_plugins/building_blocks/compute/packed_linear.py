"""A linear layer for inference, with a packed weight and the operation after it in one pass."""

import platform
from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import linear, silu

from fpbench.plugin.devices import has_bfloat16


class PackedLinear:
    """Computes ``x @ weight.T + bias``, and one more operation, without gradients.

    On x86 processors, oneDNN has its own layout of a weight. Without it, oneDNN would copy the
    weight for every product, which takes as long as the product of some hundred bfloat16 rows.
    The operation after the product is done while the result is in registers, in float32.

    Args:
        weight: Must not change afterwards.
        rows: Of the usual batch. Any other number works, too, but may be slower.
    """

    def __init__(
        self,
        weight: Float[Tensor, "wider channels"],
        bias: Float[Tensor, " wider"] | None = None,
        *,
        rows: int,
    ) -> None:
        self._bias = bias
        self._packed = has_packed_layout(weight)
        with torch.inference_mode():
            self._weight: Tensor = (
                torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), rows)
                if self._packed
                else weight
            )

    def __call__(
        self,
        x: Float[Tensor, "batch channels"],
        *,
        plus: Float[Tensor, "batch wider"] | None = None,
        times: Float[Tensor, "batch wider"] | None = None,
        swish: bool = False,
    ) -> Float[Tensor, "batch wider"]:
        """Apply the layer.

        Args:
            plus: Added to the result.
            times: Multiplied with the result.
            swish: Whether SiLU is applied to the result. Only one of the three can be given.
        """
        if not self._packed:
            return _apply(linear(x, self._weight, self._bias), plus, times, swish=swish)
        onednn = torch.ops.mkldnn._linear_pointwise
        result: Tensor
        if plus is not None:
            result = onednn.binary(x, plus, self._weight, self._bias, "add")
        elif times is not None:
            result = onednn.binary(x, times, self._weight, self._bias, "mul")
        else:
            result = onednn(x, self._weight, self._bias, "swish" if swish else "none", [], "")
        return result


def has_packed_layout(weight: Tensor) -> bool:
    """Whether oneDNN packs and multiplies weights of this dtype and device on this processor."""
    return weight.device.type == "cpu" and _is_packed(weight.dtype)


@cache
def _is_packed(dtype: torch.dtype) -> bool:
    on_x86 = platform.machine().lower() in {"x86_64", "amd64"}  # not tried elsewhere
    known = dtype == torch.float32 or (dtype == torch.bfloat16 and has_bfloat16("cpu"))
    if not (on_x86 and known and torch._C._has_mkldnn):
        return False
    x = torch.zeros((16, 16), dtype=dtype)
    try:
        # Refused, for instance, if ONEDNN_MAX_CPU_ISA hides the processor's instructions.
        torch.ops.mkldnn._linear_pointwise(x, x, None, "none", [], "")
    except RuntimeError:
        return False
    return True


def _apply(
    y: Float[Tensor, "batch wider"],
    plus: Float[Tensor, "batch wider"] | None,
    times: Float[Tensor, "batch wider"] | None,
    *,
    swish: bool,
) -> Float[Tensor, "batch wider"]:
    if plus is not None:
        return y + plus
    if times is not None:
        return y * times
    return silu(y) if swish else y
