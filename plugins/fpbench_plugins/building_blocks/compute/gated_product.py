"""The first matrix product of a SwiGLU and its gate as one kernel, for Hopper GPUs.

In two kernels, the product would write twice as much as the gate keeps, and the gate would read it
again.
"""

from typing import no_type_check

import torch
import triton
import triton.language as tl
from jaxtyping import BFloat16
from torch import Tensor
from triton.tools.tensor_descriptor import TensorDescriptor

ROWS, COLUMNS, DEPTH = 128, 256, 64  # of a tile, and of one step along the sum
STRIPE_TILES = 8  # rows of tiles that are computed together, because they read the same columns


def interleave_gates(weight: BFloat16[Tensor, "twice width"]) -> BFloat16[Tensor, "twice width"]:
    """Interleave the rows of gates and of values, so that each gate lies beside its value."""
    gates, values = weight.chunk(2)
    return torch.stack([gates, values], dim=1).flatten(0, 1).contiguous()


def gated_product(
    a: BFloat16[Tensor, "batch width"], pairs: BFloat16[Tensor, "twice width"]
) -> BFloat16[Tensor, "batch inner"]:
    """``silu(p) * q`` for ``p, q = (a @ weight.T).chunk(2, dim=1)``, summed in float32.

    Args:
        a: Contiguous. Its width is a multiple of 64.
        pairs: From :func:`interleave_gates`. The number of rows is a multiple of 256.
    """
    rows, width = a.shape
    out = torch.empty(rows, len(pairs) // 2, dtype=a.dtype, device=a.device)
    tiles = triton.cdiv(rows, ROWS) * (len(pairs) // COLUMNS)
    # One program for each multiprocessor. It starts a tile while it finishes the one before.
    workers = min(tiles, torch.cuda.get_device_properties(a.device).multi_processor_count)
    _gated_product[(workers,)](
        TensorDescriptor.from_tensor(a, [ROWS, DEPTH]),
        TensorDescriptor.from_tensor(pairs, [COLUMNS, DEPTH]),
        TensorDescriptor.from_tensor(out, [ROWS, COLUMNS // 2]),
        rows,
        len(pairs),
        width,
        ROWS,
        COLUMNS,
        DEPTH,
        STRIPE_TILES,
        workers,
        num_warps=8,
        num_stages=3,
    )
    return out


@no_type_check  # Triton compiles this source and has its own types
@triton.jit
def _gated_product(  # noqa: PLR0917
    a,
    pairs,
    out,
    rows,
    columns,
    width: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    DEPTH: tl.constexpr,
    STRIPE_TILES: tl.constexpr,
    WORKERS: tl.constexpr,
):
    high, wide = tl.cdiv(rows, ROWS), columns // COLUMNS
    for tile in tl.range(tl.program_id(0), high * wide, WORKERS, flatten=True):
        # Tiles come in stripes of STRIPE_TILES rows of tiles, column by column.
        stripe = tile // (STRIPE_TILES * wide) * STRIPE_TILES
        in_stripe = min(high - stripe, STRIPE_TILES)
        row = (stripe + tile % (STRIPE_TILES * wide) % in_stripe) * ROWS
        column = tile % (STRIPE_TILES * wide) // in_stripe * COLUMNS
        both = tl.zeros((ROWS, COLUMNS), dtype=tl.float32)
        for k in range(0, width, DEPTH):
            both = tl.dot(a.load([row, k]), pairs.load([column, k]).T, both)
        gate, value = tl.split(tl.reshape(both, (ROWS, COLUMNS // 2, 2)))
        out.store([row, column // 2], (gate * tl.sigmoid(gate) * value).to(out.dtype))
