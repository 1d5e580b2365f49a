"""The k best rows of a block for one panel of queries, found by sieving matrix products.

Each tile of the product is looked at once while it is still in the cache, for the maxima of groups
of rows. Where a group's maximum reaches what a row must reach to matter, its rows are looked at
one by one, and those that reach it too are scored again, in the canonical order of
``sum_by_halves``. The sieve allows for every rounding error of the product, so no row that belongs
to the answer is lost, and the answer does not depend on tiles, threads, dtype or device.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int, Int64
from torch import Tensor

from fpbench.search.scores import sum_by_halves

GROUP = 16  # rows in a group; tiles have a multiple of it
TILE_BYTES = {"cpu": 2 << 20, "cuda": 1 << 30}  # of products, looked at before they leave the cache
PAIRS_AT_ONCE = 4_096
UNIT_ROUNDOFF = {torch.float32: 2.0**-24, torch.bfloat16: 2.0**-8}
BITS = {torch.float32: torch.int32, torch.bfloat16: torch.int16}


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a block, ready for the sieve.

    Args:
        rows: As they came.
        coarse: The same, rounded to the sieve's dtype.
        first_id: Number of the first row within the block.
        longest: No row is longer.
    """

    rows: Float32[Tensor, "rows dim"]
    coarse: Float[Tensor, "rows dim"]
    first_id: int
    longest: float


class Workspace:
    """Memory for the products of one chunk and one panel, used again for the next."""

    def __init__(self) -> None:
        self._held = torch.empty(0)

    def reserve(self, size: int, *, like: Tensor) -> Float[Tensor, " products"]:
        """That many numbers of the dtype and on the device of ``like``, of any value."""
        if len(self._held) < size or self._held.dtype != like.dtype:
            self._held = torch.empty(size, dtype=like.dtype, device=like.device)
        return self._held[:size]


@dataclass(frozen=True, slots=True)
class Products:
    """A chunk's rows times a panel's queries, in tiles filled up with -inf.

    Rows are put into groups: member m of group g of a tile is its row m * groups + g.

    Args:
        values: All products.
        maxima: Of each group, compared by bit pattern: the maximum where any is positive,
            otherwise one of its values.
        tile_rows: Rows in each tile.
    """

    values: Float[Tensor, "rows queries"]
    maxima: Int[Tensor, "groups queries"]
    tile_rows: int


class Panel:
    """Keeps the k best of the rows seen so far, for each of a few queries.

    ``scores`` fall from left to right; among equal scores ids rise.
    """

    def __init__(self, queries: Float32[Tensor, "queries dim"], k: int, dtype: torch.dtype) -> None:
        n = len(queries)
        self.ids = torch.full((n, k), -1, dtype=torch.int64, device=queries.device)
        self.scores = torch.full((n, k), -torch.inf, device=queries.device)
        self._queries = queries
        self._coarse = queries.to(dtype).T
        self._error = sieve_error(queries, dtype)
        self._any_zero = bool((self._error == 0).any())
        # Newcomers by (query, id, score). Merging costs the same for few of them as for many.
        self._waiting: list[tuple[Tensor, Tensor, Tensor]] = []
        # What the k best so far reach at least; it only rises.
        self._floor = torch.full((n,), -torch.inf, device=queries.device)

    def add(self, chunk: Chunk, workspace: "Workspace") -> None:
        """Look at the next rows of the block."""
        if len(self._queries) == 0 or len(chunk.rows) == 0:
            return
        products = multiply(chunk.coarse, self._coarse, workspace)
        if bool(self._floor.isneginf().any()):
            self._raise_floor(products, chunk)
        row, query = sieve(products, self._sieve_bound(chunk))
        self._waiting += self._score(chunk, row, query)
        if sum(len(query) for query, _, _ in self._waiting) >= 2 * len(self._queries):
            self.merge_waiting()

    def merge_waiting(self) -> None:
        """Merge what waits; call it after the last chunk, before reading the answer."""
        if self._waiting:
            self._merge(*(torch.cat(parts) for parts in zip(*self._waiting, strict=True)))
            self._waiting = []
            self._floor = torch.maximum(self._floor, self.scores[:, -1])

    def _sieve_bound(self, chunk: Chunk) -> Float32[Tensor, " queries"]:
        """What the product of a row must reach to be worth a second look."""
        reach = self._floor - self._error * chunk.longest
        if not self._any_zero:
            return reach
        # Every score of a zero query is 0, so nothing can beat k rows, whichever they are.
        full = self.scores[:, -1] > -torch.inf
        return torch.where((self._error == 0) & full, torch.inf, reach)

    def _raise_floor(self, products: Products, chunk: Chunk) -> None:
        """Raise the floor to what k rows of this chunk reach, so that few need a second look.

        The k-th largest of one value from each of many groups is reached by k rows at least.
        """
        k, values = self.ids.shape[1], products.values
        if len(chunk.rows) >= k * GROUP:
            values = products.maxima.view(values.dtype)
        if len(values) < k:
            return
        best = values.float().topk(k, dim=0).values[-1]
        rounded_away = UNIT_ROUNDOFF[values.dtype] * best.abs()
        floor = best - rounded_away - self._error * chunk.longest
        self._floor = torch.maximum(self._floor, floor)

    def _score(
        self,
        chunk: Chunk,
        row: Int64[Tensor, " pairs"],
        query: Int64[Tensor, " pairs"],
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Canonical scores of what the sieve let through, as (query, id, score)."""
        for some in range(0, len(row), PAIRS_AT_ONCE):
            r, q = row[some : some + PAIRS_AT_ONCE], query[some : some + PAIRS_AT_ONCE]
            products = chunk.rows.index_select(0, r).mul_(self._queries.index_select(0, q))
            score = sum_by_halves(products)
            better = true_indices(score > self.scores[:, -1].index_select(0, q))
            yield q[better], r[better] + chunk.first_id, score[better]

    def _merge(
        self,
        query: Int64[Tensor, " pairs"],
        ids: Int64[Tensor, " pairs"],
        score: Float32[Tensor, " pairs"],
    ) -> None:
        """Let newcomers, whose ids are all higher than those here, take their places."""
        if len(query) == 0:
            return
        order = (query << 40 | ids).argsort()
        touched, counts = torch.unique_consecutive(query[order], return_counts=True)
        first = torch.repeat_interleave(counts.cumsum(0) - counts, counts)
        slot = (
            torch.repeat_interleave(torch.arange(len(touched), device=ids.device), counts),
            torch.arange(len(ids), device=ids.device) - first,
        )
        shape = (len(touched), int(counts.max()))
        new_scores = torch.full(shape, -torch.inf, device=ids.device)
        new_ids = torch.full(shape, -1, dtype=torch.int64, device=ids.device)
        new_scores[slot], new_ids[slot] = score[order], ids[order]
        all_scores = torch.cat([self.scores[touched], new_scores], dim=1)
        all_ids = torch.cat([self.ids[touched], new_ids], dim=1)
        k = self.ids.shape[1]
        # Stable, so that among equal scores the lower id stays in front.
        best = all_scores.sort(dim=1, descending=True, stable=True).indices[:, :k]
        self.scores[touched] = all_scores.gather(1, best)
        self.ids[touched] = all_ids.gather(1, best)


def sieve_error(
    queries: Float32[Tensor, "queries dim"], dtype: torch.dtype
) -> Float32[Tensor, " queries"]:
    """How far a product in ``dtype`` can be from the canonical score, per unit of row length.

    With q' and x' the rounded vectors, |q.x - q'.x'| <= |q - q'| |x'| + |q| |x - x'| (Cauchy and
    Schwarz), and |x - x'| <= u |x|. Adding dim products in float32 in any order errs by less than
    dim 2^-24 |q'| |x'| (Higham 2002, section 3.1), and the canonical score by less than that
    again. A factor of 1.01 and 8 more roundings cover second-order terms and the arithmetic on the
    bound itself. What rounding the finished product to
    ``dtype`` does is no error here: rounding keeps order, and the sieve compares rounded numbers.
    """
    length = torch.linalg.vector_norm(queries.double(), dim=1)
    lost = torch.linalg.vector_norm(queries.double() - queries.to(dtype).double(), dim=1)
    roundoff = UNIT_ROUNDOFF[dtype] if dtype != torch.float32 else 0.0
    summing = 2 * (queries.shape[1] + 8) * UNIT_ROUNDOFF[torch.float32]
    bound: Tensor = 1.01 * (lost * (1 + roundoff) + (roundoff + summing) * length)
    return bound.float()


def multiply(
    rows: Float[Tensor, "rows dim"],
    queries: Float[Tensor, "dim queries"],
    workspace: "Workspace",
) -> Products:
    """Multiply tile by tile, and take each group's maximum before the tile leaves the cache.

    Maxima of integers are several times faster than those of bfloat16, and bit patterns of
    positive numbers order alike.
    """
    n = queries.shape[1]
    tile_rows = TILE_BYTES[rows.device.type] // (rows.dtype.itemsize * n) // GROUP * GROUP
    tile_rows = max(GROUP, min(tile_rows, -(-len(rows) // GROUP) * GROUP))
    tiles = -(-len(rows) // tile_rows)
    values = workspace.reserve(tiles * tile_rows * n, like=rows).view(tiles * tile_rows, n)
    values[len(rows) :] = -torch.inf
    groups, bits = tile_rows // GROUP, BITS[rows.dtype]
    maxima = torch.empty(tiles, groups, n, dtype=bits, device=rows.device)
    for tile in range(tiles):
        start = tile * tile_rows
        some = rows[start : start + tile_rows]
        torch.mm(some, queries, out=values[start : start + len(some)])
        members = values[start : start + tile_rows].view(bits).view(GROUP, groups, n)
        torch.amax(members, dim=0, out=maxima[tile])
    return Products(values, maxima.view(-1, n), tile_rows)


def sieve(
    products: Products, reach: Float32[Tensor, " queries"]
) -> tuple[Int64[Tensor, " pairs"], Int64[Tensor, " pairs"]]:
    """Row and query of every product that is at least ``reach``, rounded to the products' dtype.

    Where the reach is not positive every group is looked into.
    """
    dtype, n = products.values.dtype, products.values.shape[1]
    reach = reach.to(dtype).clamp(min=torch.finfo(dtype).min)  # above the filling
    lowest = torch.where(reach > 0, reach.view(BITS[dtype]), torch.iinfo(BITS[dtype]).min)
    flat = true_indices(reaches(products.maxima, lowest).view(-1))
    group, query = flat // n, flat % n
    groups = products.tile_rows // GROUP  # in a tile
    first = group // groups * products.tile_rows + group % groups
    rows = first + torch.arange(GROUP, device=first.device)[:, None] * groups
    members = products.values.view(-1).index_select(0, (rows * n + query).view(-1))
    hit = true_indices((members.view(GROUP, -1) >= reach.index_select(0, query)).view(-1))
    return rows.view(-1)[hit], query[hit % max(len(query), 1)]


def reaches(
    maxima: Int[Tensor, "groups queries"], lowest: Int[Tensor, " queries"]
) -> Bool[Tensor, "groups queries"]:
    """Which maxima reach their query's bound."""
    if maxima.device.type == "cpu":
        # Torch's comparison of short integers is not vectorised.
        return torch.from_numpy(np.greater_equal(maxima.numpy(), lowest.numpy()))
    return maxima >= lowest


def true_indices(mask: Bool[Tensor, " places"]) -> Int64[Tensor, " pairs"]:
    """Where a mask is true, ascending."""
    if mask.device.type == "cpu":
        return torch.from_numpy(np.flatnonzero(mask.numpy()))  # ten times faster than torch's
    return mask.nonzero(as_tuple=True)[0]
