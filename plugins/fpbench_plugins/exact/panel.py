"""The k best rows of a block for one panel of queries, found by sieving matrix products.

A tile of the product is looked at once while it is still in the cache: its maximum over groups of
rows is compared with what a row must reach to matter. Only rows of the few groups that reach it
are scored again, in the canonical order of ``sum_by_halves``. The sieve allows for every rounding
error of the product, so no row that belongs to the answer is lost, and the answer does not depend
on tiles, threads, dtype or device.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor

from fpbench.inner_products import sum_by_halves

GROUP = 32  # rows behind one comparison
TILE_BYTES = 2 << 20  # of products; beyond the caches both the product and the look at it slow down
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
        # What the k best so far reach at least; it only rises.
        self._floor = torch.full((n,), -torch.inf, device=queries.device)
        rows = TILE_BYTES // (dtype.itemsize * max(n, 1))
        self._products = torch.empty(
            max(GROUP, rows - rows % GROUP), n, dtype=dtype, device=queries.device
        )

    def take(self, chunk: Chunk) -> None:
        """Look at the next rows of the block."""
        if len(self._queries) == 0 or len(chunk.rows) == 0:
            return
        if bool(self._floor.isneginf().any()):
            self._look_ahead(chunk)
        reach = self._reach(chunk)
        found = [
            pairs
            for start, tile in self._tiles(chunk)
            for pairs in self._score(chunk, start, *sieved(tile, reach))
        ]
        if found:
            self._merge(*(torch.cat(parts) for parts in zip(*found, strict=True)))
            self._floor = torch.maximum(self._floor, self.scores[:, -1])

    def _reach(self, chunk: Chunk) -> Float32[Tensor, " queries"]:
        """What the product of a row must reach to be worth a second look."""
        reach = self._floor - self._error * chunk.longest
        # Every score of a zero query is 0, so nothing can beat k rows, whichever they are.
        full = self.scores[:, -1] > -torch.inf
        return torch.where((self._error == 0) & full, torch.inf, reach)

    def _tiles(self, chunk: Chunk) -> Iterator[tuple[int, Float[Tensor, "rows queries"]]]:
        """Products of a few rows at a time; the last tile is filled up with -inf."""
        for start in range(0, len(chunk.coarse), len(self._products)):
            rows = chunk.coarse[start : start + len(self._products)]
            full = -(-len(rows) // GROUP) * GROUP
            torch.mm(rows, self._coarse, out=self._products[: len(rows)])
            self._products[len(rows) : full] = -torch.inf
            yield start, self._products[:full]

    def _look_ahead(self, chunk: Chunk) -> None:
        """Raise the floor to what k rows of this chunk reach, so that few need a second look.

        The k-th largest of the maxima of disjoint groups is reached by k rows at least.
        """
        k = self.ids.shape[1]
        group = GROUP if len(chunk.rows) >= k * GROUP else 1
        if len(chunk.rows) < k:
            return
        maxima = torch.cat([group_maxima(tile, group) for _, tile in self._tiles(chunk)])
        best = maxima.float().topk(k, dim=0).values[-1]
        rounded_away = UNIT_ROUNDOFF[self._products.dtype] * best.abs()
        floor = best - rounded_away - self._error * chunk.longest
        self._floor = torch.maximum(self._floor, floor)

    def _score(
        self,
        chunk: Chunk,
        start: int,
        row: Int64[Tensor, " pairs"],
        query: Int64[Tensor, " pairs"],
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Canonical scores of what the sieve let through, as (query, id, score)."""
        for some in range(0, len(row), PAIRS_AT_ONCE):
            r, q = row[some : some + PAIRS_AT_ONCE] + start, query[some : some + PAIRS_AT_ONCE]
            products = chunk.rows.index_select(0, r).mul_(self._queries.index_select(0, q))
            score = sum_by_halves(products)
            better = places(score > self.scores[:, -1].index_select(0, q))
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


def group_maxima(
    tile: Float[Tensor, "rows queries"], group: int
) -> Float[Tensor, "groups queries"]:
    """The maxima over rows g, g + groups, g + 2 groups, ... for each group g."""
    maxima: Tensor = tile.view(group, -1, tile.shape[1]).amax(dim=0)
    return maxima


def sieved(
    tile: Float[Tensor, "rows queries"], reach: Float32[Tensor, " queries"]
) -> tuple[Int64[Tensor, " pairs"], Int64[Tensor, " pairs"]]:
    """Row and query of every product that is at least ``reach``, rounded to the tile's dtype.

    Groups are compared as integers, several times faster than as floats: for a positive reach the
    bit patterns order alike. Where it is not positive every group is looked into.
    """
    groups, n = len(tile) // GROUP, tile.shape[1]
    bits = BITS[tile.dtype]
    reach = reach.to(tile.dtype).clamp(min=torch.finfo(tile.dtype).min)  # above the filling
    lowest = torch.where(reach > 0, reach.view(bits), torch.iinfo(bits).min)
    maxima = tile.view(bits).view(GROUP, groups, n).amax(dim=0)
    flat = places((maxima >= lowest).view(-1))
    group, query = flat // n, flat % n
    inside = tile.view(GROUP, -1).index_select(1, flat)
    hit = places((inside >= reach.index_select(0, query)).view(-1))
    member, which = hit // max(len(flat), 1), hit % max(len(flat), 1)
    return member * groups + group[which], query[which]


def places(mask: Bool[Tensor, " places"]) -> Int64[Tensor, " pairs"]:
    """Where a mask is true, ascending."""
    if mask.device.type == "cpu":
        return torch.from_numpy(np.flatnonzero(mask.numpy()))  # ten times faster than torch's
    return mask.nonzero(as_tuple=True)[0]
