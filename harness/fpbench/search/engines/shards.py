"""Divides blocks between processes that share nothing but files."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.search.blocks import Queries
from fpbench.search.engines.engine import Block, Cell


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``number`` of ``of`` parts, counted from 1."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read ``k/K``.

        Raises:
            FpbenchError: It is not ``k/K`` with 1 <= k <= K.
        """
        k, slash, parts = text.partition("/")
        digits = k.isdecimal() and parts.isdecimal() and len(text) < 20
        if not (slash and digits and 1 <= int(k) <= int(parts)):
            raise FpbenchError(f"'{text}' is not a shard", hint="give k/K, from 1/8 to 8/8 for 8")
        return cls(int(k), int(parts))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def share(self, lengths: Sequence[int]) -> list[int]:
        """Places of the blocks of this shard, ascending; every block is in exactly one shard.

        The longest block goes first, and each to the shard with the fewest rows so far, so that
        all shards take about equally long.

        Args:
            lengths: Rows of all blocks.
        """
        loads = [(0, number) for number in range(1, self.of + 1)]
        places = []
        for place in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
            rows, number = heapq.heappop(loads)
            heapq.heappush(loads, (rows + lengths[place], number))
            if number == self.number:
                places.append(place)
        return sorted(places)


@dataclass(frozen=True, slots=True)
class FolderEngine:
    """Implements :class:`fpbench.search.engines.engine.Engine` with what others have found.

    Args:
        store: The folder of shards, or a cache.
    """

    store: Store

    def search(self, blocks: Sequence[Block], queries: Queries) -> Iterator[Cell]:
        for block in blocks:
            for search in block.searches:
                found = search.candidates.of(self.store).read(block.start, block.stop)
                if found is not None:
                    yield Cell(block, search, found)
