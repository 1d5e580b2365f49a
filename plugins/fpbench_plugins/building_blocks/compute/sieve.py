"""Rules out most pairs of a row and a query by matrix products in a coarse dtype.

Rows are multiplied with queries tile by tile. While a tile is still in the cache, the maximum of
each group of rows is taken. A group is opened only where its maximum reaches the query's bound.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int, Int64
from torch import Tensor

GROUP = 16  # rows; the rows of a tile are a multiple of it
# Of products. On a CPU, larger tiles do not stay in the core's own cache, but each takes a dozen
# calls from Python.
TILE_BYTES = {"cpu": 2 << 20, "cuda": 1 << 30}
UNIT_ROUNDOFF = {torch.float32: 2.0**-24, torch.bfloat16: 2.0**-8}
BITS = {torch.float32: torch.int32, torch.bfloat16: torch.int16}


class Workspace:
    """Memory for the products of a tile.

    All tiles use it in turn, so that it stays in the caches, and its pages in the processor's page
    table: a float32 product takes a fifth longer if each tile is written to other memory.
    """

    def __init__(self) -> None:
        self._held = torch.empty(0)

    def reserve(self, size: int, *, like: Tensor) -> Float[Tensor, " products"]:
        """An array of ``size`` undefined values with the dtype and device of ``like``."""
        if len(self._held) < size or self._held.dtype != like.dtype:
            self._held = torch.empty(size, dtype=like.dtype, device=like.device)
        return self._held[:size]


@dataclass(frozen=True, slots=True)
class Tile:
    """The products of some rows and a panel's queries, as bit patterns, padded with -inf.

    Member m of group g is row m * groups + g of the tile. It is valid until the next tile.

    Args:
        start: Index of its first row within the chunk.
        groups: Number of groups.
        members: Member m of group g and query q is in row m and column g * queries + q.
        maxima: The largest bit pattern in each column of ``members``. It is that of the maximum
            where any value is positive, otherwise that of some value.
    """

    start: int
    groups: int
    members: Int[Tensor, "members columns"]
    maxima: Int[Tensor, " columns"]


def sieve_error(
    queries: Float32[Tensor, "queries dim"], dtype: torch.dtype
) -> Float32[Tensor, " queries"]:
    """Bound of the difference between a product in ``dtype`` and the canonical score.

    It is per unit of row length. With q' and x' the rounded vectors, |q.x - q'.x'| <=
    |q - q'| |x'| + |q| |x - x'| (Cauchy and Schwarz), and |x - x'| <= u |x|. The error of adding
    dim products in float32, in any order, is below dim 2^-24 |q'| |x'| (Higham 2002, section 3.1);
    so is the error of the canonical score. A factor of 1.01 and 8 more roundings cover second-order
    terms and the arithmetic on the bound itself. Rounding the finished product to ``dtype`` adds no
    error here: rounding keeps the order, and the sieve compares rounded numbers.
    """
    length = torch.linalg.vector_norm(queries.double(), dim=1)
    lost = torch.linalg.vector_norm(queries.double() - queries.to(dtype).double(), dim=1)
    roundoff = UNIT_ROUNDOFF[dtype] if dtype != torch.float32 else 0.0
    summing = 2 * (queries.shape[1] + 8) * UNIT_ROUNDOFF[torch.float32]
    bound: Tensor = 1.01 * (lost * (1 + roundoff) + (roundoff + summing) * length)
    return bound.float()


def multiply(
    rows: Float[Tensor, "rows dim"], queries: Float[Tensor, "dim queries"], workspace: Workspace
) -> Iterator[Tile]:
    """Multiply tile by tile, and take the groups' maxima while the tile is in the cache.

    Integer maxima are several times faster than bfloat16 maxima, and the bit patterns of positive
    numbers have the same order as the numbers.
    """
    n, bits = queries.shape[1], BITS[rows.dtype]
    most_rows = max(GROUP, TILE_BYTES[rows.device.type] // (rows.dtype.itemsize * n))
    tiles = -(-len(rows) // most_rows)
    groups = -(-len(rows) // (tiles * GROUP))
    tile_rows = groups * GROUP
    values = workspace.reserve(tile_rows * n, like=rows).view(tile_rows, n)
    members = values.view(bits).view(GROUP, groups * n)
    maxima = torch.empty(groups * n, dtype=bits, device=rows.device)
    for number, some in enumerate(torch.split(rows, tile_rows)):
        products = values
        if len(some) < tile_rows:
            products, padding = values[: len(some)], values[len(some) :]
            padding.fill_(-torch.inf)
        torch.mm(some, queries, out=products)
        torch.amax(members, dim=0, out=maxima)
        yield Tile(number * tile_rows, groups, members, maxima)


def sieve(
    rows: Float[Tensor, "rows dim"],
    queries: Float[Tensor, "dim queries"],
    bound: Float32[Tensor, " queries"],
    workspace: Workspace,
) -> tuple[Int64[Tensor, " pairs"], Int64[Tensor, " pairs"]]:
    """Row and query of every product of at least ``bound``, rounded to the products' dtype.

    Where the bound is not positive, every group is opened.
    """
    dtype, n = rows.dtype, len(bound)
    bound = bound.to(dtype).clamp(min=torch.finfo(dtype).min)  # above the padding
    lowest = torch.where(bound > 0, bound.view(BITS[dtype]), torch.iinfo(BITS[dtype]).min)
    places, members = [], []
    for tile in multiply(rows, queries, workspace):
        of_tile, of_opened = open_groups(tile, lowest)
        if len(of_tile) > 0:
            places.append(of_tile)
            members.append(of_opened)
    if not places:
        none = torch.empty(0, dtype=torch.int64, device=rows.device)
        return none, none
    place = torch.cat(places)
    first_row, query = place // n, place % n
    products = torch.cat(members, dim=1).view(dtype)
    hit = true_indices((products >= bound.index_select(0, query)).view(-1))
    member, group = hit // len(query), hit % len(query)
    return first_row[group] + member * tile.groups, query[group]


def open_groups(
    tile: Tile, lowest: Int[Tensor, " queries"]
) -> tuple[Int64[Tensor, " opened"], Int[Tensor, "members opened"]]:
    """The groups whose maximum is at least its query's bound: first row and query, and members.

    Returns:
        The row times the number of queries, plus the query; and the group's products.
    """
    n = len(lowest)
    if lowest.device.type == "cpu":
        # NumPy, because a small operation of torch takes 0.04 ms just after a product, which leaves
        # little else in the cache. Torch's comparison of int16 is slow, too.
        maxima = tile.maxima.numpy().reshape(-1, n)
        columns = (maxima >= lowest.numpy()).reshape(-1).nonzero()[0]
        members = torch.from_numpy(tile.members.numpy().take(columns, axis=1))
        return torch.from_numpy(columns + tile.start * n), members
    opened = true_indices((tile.maxima.view(-1, n) >= lowest).view(-1))
    return opened + tile.start * n, tile.members.index_select(1, opened)


def true_indices(mask: Bool[Tensor, " values"]) -> Int64[Tensor, " pairs"]:
    """Indices where a mask is true, in ascending order."""
    if mask.device.type == "cpu":
        return torch.from_numpy(np.flatnonzero(mask.numpy()))  # ten times faster than torch's
    return mask.nonzero(as_tuple=True)[0]
