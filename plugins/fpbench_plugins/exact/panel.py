"""Finds the k best rows of a block for one panel of queries, with a pre-selection (the sieve).

The panel is multiplied with the rows tile by tile. While a tile is still in the cache, the maximum
of each group of rows is taken. A group is opened only where its maximum reaches the bound that a
row needs to be among the k best. Of an opened group, the rows that reach the bound are scored
again, in the canonical order of ``sum_by_halves``. The bound allows for every rounding error of
the product. So no row of the result is lost, and the result does not depend on tiles, threads,
dtype or device.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int, Int64
from torch import Tensor

from fpbench.search.scores import sum_by_halves

GROUP = 16  # rows; the rows of a tile are a multiple of it
# Of products. On a CPU, smaller tiles stay in the cache, but each takes a dozen calls from Python.
TILE_BYTES = {"cpu": 4 << 20, "cuda": 1 << 30}
PAIRS_AT_ONCE = 4_096
UNIT_ROUNDOFF = {torch.float32: 2.0**-24, torch.bfloat16: 2.0**-8}
BITS = {torch.float32: torch.int32, torch.bfloat16: torch.int16}


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a block, prepared for the sieve.

    Args:
        rows: In float32.
        coarse: The same rows, rounded to the dtype of the sieve.
        first_id: Index of the first row within the block.
        longest: An upper bound of the rows' lengths (norms).
    """

    rows: Float32[Tensor, "rows dim"]
    coarse: Float[Tensor, "rows dim"]
    first_id: int
    longest: float


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


class Panel:
    """Keeps the k best of the rows seen so far, for each query of the panel.

    ``scores`` are in descending order; ids of equal scores are in ascending order.
    """

    def __init__(self, queries: Float32[Tensor, "queries dim"], k: int, dtype: torch.dtype) -> None:
        n = len(queries)
        self.ids = torch.full((n, k), -1, dtype=torch.int64, device=queries.device)
        self.scores = torch.full((n, k), -torch.inf, device=queries.device)
        self._queries = queries
        self._coarse = queries.to(dtype).T
        self._error = sieve_error(queries, dtype)
        self._any_zero = bool((self._error == 0).any())
        # New candidates as (query, id, score). A merge costs about the same for few as for many.
        self._waiting: list[tuple[Tensor, Tensor, Tensor]] = []
        # A lower bound of the k-th best score so far. It never falls.
        self._floor = torch.full((n,), -torch.inf, device=queries.device)

    def add(self, chunk: Chunk, workspace: "Workspace") -> None:
        """Take the next rows of the block into account."""
        if len(self._queries) == 0 or len(chunk.rows) == 0:
            return
        if bool(self._floor.isneginf().any()):
            self._raise_floor(chunk, workspace)
        row, query = sieve(chunk.coarse, self._coarse, self._bound(chunk), workspace)
        self._waiting += self._score(chunk, row, query)
        if sum(len(query) for query, _, _ in self._waiting) >= 2 * len(self._queries):
            self.merge_waiting()

    def merge_waiting(self) -> None:
        """Merge all new candidates. Call it after the last chunk, before reading the result."""
        if self._waiting:
            self._merge(*(torch.cat(parts) for parts in zip(*self._waiting, strict=True)))
            self._waiting = []
            self._floor = torch.maximum(self._floor, self.scores[:, -1])

    def _bound(self, chunk: Chunk) -> Float32[Tensor, " queries"]:
        """The product that a row needs to be scored again."""
        bound = self._floor - self._error * chunk.longest
        if not self._any_zero:
            return bound
        # All scores of a zero query are 0, so no row can replace one of its first k rows.
        full = self.scores[:, -1] > -torch.inf
        return torch.where((self._error == 0) & full, torch.inf, bound)

    def _raise_floor(self, chunk: Chunk, workspace: Workspace) -> None:
        """Raise the floor to a score that k rows of this chunk reach, so that few rows remain.

        At least k rows reach the k-th largest of the groups' maxima.
        """
        k, rows = self.ids.shape[1], chunk.coarse
        if len(rows) < k:
            return
        if len(rows) >= k * GROUP:
            tiles = multiply(rows, self._coarse, workspace)
            maxima = torch.cat([tile.maxima.clone() for tile in tiles])
            values = maxima.view(rows.dtype).view(-1, len(self._queries))
        else:
            values = rows @ self._coarse
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
        """Canonical scores of the rows that passed the sieve, as (query, id, score)."""
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
        """Merge new candidates, whose ids are all higher than those kept so far."""
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
        # A stable sort, so that of equal scores the lower id comes first.
        best = all_scores.sort(dim=1, descending=True, stable=True).indices[:, :k]
        self.scores[touched] = all_scores.gather(1, best)
        self.ids[touched] = all_ids.gather(1, best)


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
    for start in range(0, len(rows), tile_rows):
        some = rows[start : start + tile_rows]
        values[len(some) :] = -torch.inf
        torch.mm(some, queries, out=values[: len(some)])
        torch.amax(members, dim=0, out=maxima)
        yield Tile(start, groups, members, maxima)


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
    first_rows, columns, members = [], [], []
    for tile in multiply(rows, queries, workspace):
        opened = true_indices(maxima_at_least(tile.maxima.view(-1, n), lowest).view(-1))
        if len(opened) > 0:
            first_rows.append(tile.start + opened // n)
            columns.append(opened)
            members.append(take_columns(tile.members, opened))
    if not columns:
        none = torch.empty(0, dtype=torch.int64, device=rows.device)
        return none, none
    first_row, query = torch.cat(first_rows), torch.cat(columns) % n
    products = torch.cat(members, dim=1).view(dtype)
    hit = true_indices((products >= bound.index_select(0, query)).view(-1))
    member, place = hit // len(query), hit % len(query)
    return first_row[place] + member * tile.groups, query[place]


def maxima_at_least(
    maxima: Int[Tensor, "groups queries"], lowest: Int[Tensor, " queries"]
) -> Bool[Tensor, "groups queries"]:
    """Mark the maxima that are at least their query's bound."""
    if maxima.device.type == "cpu":
        # Torch's comparison of int16 is not vectorised.
        return torch.from_numpy(np.greater_equal(maxima.numpy(), lowest.numpy()))
    return maxima >= lowest


def take_columns(
    matrix: Int[Tensor, "rows columns"], columns: Int64[Tensor, " some"]
) -> Int[Tensor, "rows some"]:
    """Copy some columns."""
    if matrix.device.type == "cpu":
        return torch.from_numpy(np.take(matrix.numpy(), columns.numpy(), axis=1))
    return matrix.index_select(1, columns)


def true_indices(mask: Bool[Tensor, " values"]) -> Int64[Tensor, " pairs"]:
    """Indices where a mask is true, in ascending order."""
    if mask.device.type == "cpu":
        return torch.from_numpy(np.flatnonzero(mask.numpy()))  # ten times faster than torch's
    return mask.nonzero(as_tuple=True)[0]
