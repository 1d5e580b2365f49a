"""Finds the k nearest rows for a panel of queries that each visit some of the inverted lists.

The rows of a list are multiplied with all queries that visit it. With x for a row as its code has
it, |q - x|^2 = |q|^2 - 2 (q.x - |x|^2 / 2), so the nearest rows are those of the largest *merit*
q.x - |x|^2 / 2. The sieve multiplies in a coarse dtype; what it lets pass is measured again, as a
sum of squares in the canonical order of ``sum_by_halves``. So no row of the result is lost, and the
result does not depend on tiles, threads, dtype or the other rows and queries.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
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
)

PAIRS_AT_ONCE = 4_096
WAITING_PAIRS = 16  # per query, before a merge: it costs about the same for few as for many
TURNS = (0, 1)  # every query visits its near lists in the first, all others in the second
NEAR = 0.2  # of the lists that a query visits: what is in them bounds what others can add
# Multiples of which products have rows and queries, and dims. In bfloat16, oneDNN compiles code for
# every other shape; in float32, more columns only cost time.
_SHAPES = {torch.bfloat16: (128, 16), torch.float32: (GROUP, 1)}
_NOTHING = np.iinfo(np.int64).max
_ID_BITS = 32


@dataclass(frozen=True, slots=True)
class ListRows:
    """Some rows of one inverted list, prepared for the sieve.

    A coarse row has, after its dims, highest - |x|^2 / 2 as a sum of two numbers, and a coarse
    query ones in their place. So a product is a merit plus ``highest``, which is the same for all
    rows. It is positive wherever q.x is, and the sieve is fast for positive products.

    Args:
        ids: Row numbers, ascending.
        rows: As their codes have them.
        coarse: Coarse rows, and more rows whose products are -inf.
        highest: The largest |x|^2 / 2.
        lost: The largest distance of a row from its coarse row.
    """

    ids: Int64[np.ndarray, " rows"]
    rows: Float32[Tensor, "rows dim"]
    coarse: Float[Tensor, "padded columns"]
    highest: float
    lost: float


def prepare_list(
    ids: Int64[np.ndarray, " rows"], rows: Float32[np.ndarray, "rows dim"], dtype: torch.dtype
) -> ListRows:
    """Round the rows of a list to the dtype of the sieve."""
    x = torch.from_numpy(rows)
    n, dim = x.shape
    half_norm = torch.linalg.vector_norm(x, dim=1, dtype=torch.float64).square_().div_(2)
    highest = float(half_norm.max())
    offset = highest - half_norm
    sides, columns = _SHAPES[dtype]
    coarse = torch.zeros(_round_up(n, sides), _round_up(dim + 2, columns), dtype=dtype)
    coarse[:n, :dim] = x
    coarse[:n, dim] = offset
    coarse[:n, dim + 1] = offset - coarse[:n, dim].double()
    coarse[n:, dim] = -torch.inf
    lost = 0.0
    if dtype != x.dtype:
        lost = float(torch.linalg.vector_norm(x - coarse[:n, :dim].float(), dim=1).max())
    return ListRows(ids, x, coarse, highest, lost)


class ListPanel:
    """Keeps the k nearest of the rows seen so far, for each query of the panel.

    Of equal distances, the lower ids are kept. Call :meth:`visit` for all lists in the first turn,
    then in the second.

    Args:
        queries: The panel's queries.
        visits: Lists that each query visits, the nearest first.
        lists: Number of lists.
        k: Rows to keep.
        within: Largest distance of a row to each query that is of use; inf where all are.
        dtype: That of the sieve.
    """

    def __init__(
        self,
        queries: Float32[Tensor, "queries dim"],
        visits: Int64[np.ndarray, "queries nprobe"],
        *,
        lists: int,
        k: int,
        within: Float32[Tensor, " queries"],
        dtype: torch.dtype,
    ) -> None:
        n, dim = queries.shape
        self._queries = queries
        self._sides, columns = _SHAPES[dtype]
        self._coarse = torch.zeros(n, _round_up(dim + 2, columns), dtype=dtype)
        self._coarse[:, :dim] = queries
        self._coarse[:, dim : dim + 2] = 1
        self._norm = torch.linalg.vector_norm(queries, dim=1, dtype=torch.float64)
        lost = queries.double() - self._coarse[:, :dim].double()
        self._lost = torch.linalg.vector_norm(lost, dim=1)
        near = visits.shape[1]
        if within.isinf().any():
            near = max(1, round(NEAR * near))
        self._visitors = [_by_list(some, lists) for some in (visits[:, :near], visits[:, near:])]
        # Distance and id in one number, whose order is that of both.
        self._best = np.full((n, k), _NOTHING, dtype=np.int64)
        self._farthest = within  # that a row of use may have: the k-th smallest distance
        self._waiting: list[tuple[Tensor, Tensor]] = []
        self._pairs_waiting = 0
        # Merits that k rows reach. A row needs the lowest of them.
        self._reached = self._merit(torch.arange(n))[:, None].repeat(1, k)

    def has_visitors(self, turn: int, number: int) -> bool:
        """Whether a query visits a list in a turn."""
        return len(self._visitors[turn][number]) > 0

    def visit(self, turn: int, number: int, some: ListRows, workspace: Workspace) -> None:
        """Take rows of a list into account, for all queries that visit it in this turn."""
        visitors = torch.from_numpy(self._visitors[turn][number])
        fresh = visitors[self._reached[visitors, -1].isneginf()]
        if len(fresh):
            self._reach(some, fresh, workspace)
        needed = self._reached[visitors, -1] + some.highest - self._error(visitors, some)
        columns = self._columns(visitors)
        bound = torch.full((columns.shape[1],), torch.inf)
        bound[: len(visitors)] = needed
        row, place = sieve(some.coarse, columns, bound, workspace)
        self._measure(some, row, visitors[place])
        if self._pairs_waiting >= WAITING_PAIRS * len(self._queries):
            self._merge()

    def result(
        self,
    ) -> tuple[Int64[np.ndarray, "queries k"], Float32[np.ndarray, "queries k"]]:
        """Ids and squared distances by (distance, id); -1 and inf where there are fewer."""
        self._merge()
        missing = self._best == _NOTHING
        ids = np.where(missing, -1, self._best & ((1 << _ID_BITS) - 1))
        return ids, np.where(missing, np.float32(np.inf), _distances(self._best))

    def _columns(self, visitors: Int64[Tensor, " visitors"]) -> Float[Tensor, "columns padded"]:
        """The coarse queries of the visitors, and some more."""
        padded = torch.zeros(_round_up(len(visitors), self._sides), dtype=torch.int64)
        padded[: len(visitors)] = visitors
        return self._coarse.index_select(0, padded).T

    def _error(self, visitors: Tensor, some: ListRows) -> Float32[Tensor, " visitors"]:
        """Bound of the difference between a coarse product and the merit plus ``highest``.

        With q' and x' for the coarse vectors, |q.x - q'.x'| <= |q - q'| |x'| + |q| |x - x'|. The
        error of adding float32 products in any order is below their number times 2^-24 |q'| |x'|
        (Higham 2002, section 3.1). The offset is kept to 16 bits or more. A factor of 1.01 and 16
        more roundings cover second-order terms and the arithmetic on merits and distances.
        """
        longest = (2 * some.highest) ** 0.5
        norm, lost = self._norm[visitors], self._lost[visitors]
        summing = 2 * (some.coarse.shape[1] + 16) * UNIT_ROUNDOFF[torch.float32]
        of_products = lost * (longest + some.lost) + norm * some.lost
        of_sums = summing * ((norm + longest) * longest + norm * norm)
        bound: Tensor = 1.01 * (of_products + of_sums) + 2.0**-16 * some.highest
        return bound.float()

    def _reach(self, some: ListRows, visitors: Tensor, workspace: Workspace) -> None:
        """Raise the merits that k rows reach by those of some visitors with these rows.

        At least k rows reach the k-th largest of the groups' maxima.
        """
        k, columns = self._best.shape[1], self._columns(visitors)
        if len(some.ids) >= k * GROUP:
            tiles = multiply(some.coarse, columns, workspace)
            maxima = torch.cat([tile.maxima.clone() for tile in tiles])
            values = maxima.view(columns.dtype).view(-1, columns.shape[1])
        else:
            values = some.coarse @ columns
        values = values[:, : len(visitors)].float().T.topk(min(k, len(values))).values
        values = values - UNIT_ROUNDOFF[columns.dtype] * values.abs()
        values -= (self._error(visitors, some) + some.highest)[:, None]
        both = torch.cat([self._reached[visitors], values], dim=1)
        self._reached[visitors] = both.topk(k).values

    def _measure(self, some: ListRows, row: Tensor, query: Tensor) -> None:
        """Keep the distances of the pairs that passed the sieve, as far as they are small."""
        ids = torch.from_numpy(some.ids)
        for start in range(0, len(row), PAIRS_AT_ONCE):
            r, q = row[start : start + PAIRS_AT_ONCE], query[start : start + PAIRS_AT_ONCE]
            apart = some.rows.index_select(0, r).sub_(self._queries.index_select(0, q))
            distance = sum_by_halves(apart.square_())
            near = distance <= self._farthest.index_select(0, q)
            # Bit patterns of numbers that are not negative have the order of the numbers.
            bits = distance[near].view(torch.int32).long()
            self._waiting.append((q[near], bits << _ID_BITS | ids[r[near]]))
            self._pairs_waiting += len(bits)

    def _merge(self) -> None:
        """Merge the pairs that wait, and raise what k rows reach."""
        if not self._waiting:
            return
        query = torch.cat([q for q, _ in self._waiting]).numpy()
        packed = torch.cat([p for _, p in self._waiting]).numpy()
        self._waiting, self._pairs_waiting = [], 0
        order = np.argsort(query, kind="stable")
        touched, counts = np.unique(query, return_counts=True)
        k = self._best.shape[1]
        table = np.full((len(touched), k + counts.max(initial=0)), _NOTHING)
        table[:, :k] = self._best[touched]
        column = np.arange(len(query)) - np.repeat(counts.cumsum() - counts, counts)
        table[np.repeat(np.arange(len(touched)), counts), k + column] = packed[order]
        table.sort(axis=1)
        self._best[touched] = table[:, :k]
        full = torch.from_numpy(np.flatnonzero(self._best[:, -1] != _NOTHING))
        self._farthest[full] = torch.from_numpy(_distances(self._best[full.numpy(), -1]))
        self._reached[full, -1] = torch.maximum(self._reached[full, -1], self._merit(full))

    def _merit(self, queries: Int64[Tensor, " some"]) -> Float32[Tensor, " some"]:
        """That of a row at the largest distance of use.

        The bound of :meth:`_error` covers the rounding of distances, too.
        """
        merit: Tensor = (self._norm[queries].square() - self._farthest[queries]) / 2
        return merit.float()


def _by_list(
    visits: Int64[np.ndarray, "queries nprobe"], lists: int
) -> Sequence[Int64[np.ndarray, " visitors"]]:
    """The queries that visit each list."""
    short = visits.astype(np.min_scalar_type(lists)).ravel()  # NumPy sorts it by radix
    order = np.argsort(short, kind="stable")
    edges = np.searchsorted(short[order], np.arange(1, lists))
    return np.split(order // visits.shape[1], edges)


def _distances(packed: Int64[np.ndarray, "*some"]) -> Float32[np.ndarray, "*some"]:
    distances: Float32[np.ndarray, "*some"] = (packed >> _ID_BITS).astype(np.int32).view(np.float32)
    return distances


def _round_up(number: int, step: int) -> int:
    return -(-number // step) * step
