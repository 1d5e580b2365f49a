"""A linear layer and the operation after it, in one pass over memory."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import linear

from fpbench.plugin.devices import has_bfloat16


def fused_linear(
    x: Float[Tensor, "... channels"],
    weight: Float[Tensor, "wider channels"],
    bias: Float[Tensor, " wider"] | None = None,
    *,
    plus: Float[Tensor, "... wider"] | None = None,
    relu: bool = False,
) -> Float[Tensor, "... wider"]:
    """Compute ``x @ weight.T + bias``, then add a residual or apply a ReLU.

    On a CPU and without gradients, this calls oneDNN through an operator that torch's compiler
    uses. Torch's public function calls MKL in float32, which reaches 90 GFLOP/s; oneDNN reaches
    205 (one core of an AMD EPYC).

    Args:
        plus: Added to the result. Cannot be combined with ``relu``.
    """
    # oneDNN refuses bfloat16 on processors without it.
    supported = torch._C._has_mkldnn and (x.dtype != torch.bfloat16 or has_bfloat16("cpu"))
    if x.device.type == "cpu" and supported and not torch.is_grad_enabled():
        onednn = torch.ops.mkldnn._linear_pointwise
        fused: Tensor = (
            onednn(x, weight, bias, "relu" if relu else "none", [], "")
            if plus is None
            else onednn.binary(x, plus, weight, bias, "add")
        )
        return fused
    y = linear(x, weight, bias)
    if plus is not None:
        return y + plus
    return y.relu() if relu else y
