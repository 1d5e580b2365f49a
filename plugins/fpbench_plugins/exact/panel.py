"""Finds the k best rows of a block for one panel of queries, with a pre-selection (the sieve).

The rows whose products with a query reach the bound that a row needs to be among the k best are
scored again, in the canonical order of ``sum_by_halves``. The bound allows for every rounding error
of the product. So no row of the result is lost, and the result does not depend on tiles, threads,
dtype or device.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from fpbench.search.scores import sum_by_halves
from fpbench_plugins.building_blocks.compute.sieve import (
    GROUP,
    UNIT_ROUNDOFF,
    Workspace,
    multiply,
    sieve,
    sieve_error,
    true_indices,
)

PAIRS_AT_ONCE = 4_096


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


class Panel:
    """Keeps the k best of the rows seen so far, for each query of the panel.

    ``scores`` are in descending order; ids of equal scores are in ascending order.
    """

    def __init__(self, queries: Float32[Tensor, "queries dim"], k: int, dtype: torch.dtype) -> None:
        n = len(queries)
        self.ids = torch.full((n, k), -1, dtype=torch.int64, device=queries.device)
        self.scores = torch.full((n, k), -torch.inf, device=queries.device)
        self._queries = queries
        self._coarse = queries.to(dtype).T.contiguous()  # a few per cent faster to multiply
        self._error = sieve_error(queries, dtype)
        self._any_zero = bool((self._error == 0).any())
        # New candidates as (query, id, score). A merge costs about the same for few as for many.
        self._waiting: list[tuple[Tensor, Tensor, Tensor]] = []
        # A lower bound of the k-th best score so far. It never falls.
        self._floor = torch.full((n,), -torch.inf, device=queries.device)

    def add(self, chunk: Chunk, workspace: Workspace) -> None:
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
