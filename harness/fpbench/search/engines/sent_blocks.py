"""Searches blocks with workers, which are sent what they search with."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

from fpbench.cache import Store
from fpbench.plugin.indexes import Candidates
from fpbench.search.blocks import BlockSearch, Queries
from fpbench.search.distractors import CHUNK, DistractorSource
from fpbench.search.engines.engine import Block, Cell
from fpbench.search.engines.local import LocalEngine
from fpbench.search.engines.orders import OpenedWork, Order, Workers
from fpbench.search.engines.parts import OpenedParts, SearchParts


@dataclass(frozen=True, slots=True)
class WorkersEngine:
    """Implements :class:`fpbench.search.engines.engine.Engine` with workers.

    Args:
        workers: They search one block after the other.
        parts: Describes what they search with.
        note_costs: Takes what :attr:`OpenedParts.take_costs` has given for each block, and at the
            end what :attr:`OpenedParts.time_indexes` has given.
    """

    workers: Workers
    parts: SearchParts
    note_costs: Callable[[Any], None] = lambda _costs: None

    def search(self, blocks: Sequence[Block], queries: Queries) -> Iterator[Cell]:
        if not blocks:
            return
        orders = {Order(_content(block), block.stop - block.start): block for block in blocks}
        sent = SentBlocks(self.parts, queries)
        for order, (found, costs) in self.workers.carry_out(sent, [*orders, _timing(blocks[0])]):
            self.note_costs(costs)
            if order in orders:
                block = orders[order]
                for search, candidates in zip(block.searches, found, strict=True):
                    yield Cell(block, search, candidates)


class SentBlock(NamedTuple):
    """The content of an order.

    Args:
        start: Number of the first row of the block.
        stop: Number after that of its last row.
        keys: Keys of the searches, which all have the same source.
        timed: Whether the times of the indexes are wanted, and no candidates.
    """

    start: int
    stop: int
    keys: Sequence[str]
    timed: bool = False


def _content(block: Block) -> SentBlock:
    keys = [search.candidates.key for search in block.searches]
    return SentBlock(block.start, block.stop, keys)


def _timing(block: Block) -> Order:
    """Times the indexes when nobody searches; with rows of a block where none were searched."""
    content = _content(block)
    stop = min(content.stop, content.start + CHUNK)
    return Order(content._replace(stop=stop, timed=True), 0, last=True)


@dataclass(frozen=True, slots=True)
class SentBlocks:
    """Implements :class:`fpbench.search.engines.orders.SentWork`: the search of blocks.

    Args:
        parts: Describes what workers search with.
        queries: One vector per query, for all blocks.
    """

    code_of: ClassVar[str] = "fpbench.search.tasks"  # whose code is in the keys of all searches

    parts: SearchParts
    queries: Queries = field(repr=False)

    @property
    def identity(self) -> Mapping[str, str]:
        return self.parts.identity

    def open(self, store: Store | None, device: str | None) -> OpenedWork:
        opened = self.parts.open(store, device)
        search = PartsSearch(opened)
        queries = np.array(self.queries)  # what was sent cannot be written, which torch dislikes

        def carry_out(content: SentBlock) -> tuple[list[Candidates], object]:
            def find() -> list[Candidates]:
                start, stop, keys, _ = content
                return [cell.candidates for cell in search.search(start, stop, keys, queries)]

            return (
                ([], opened.time_indexes(find)) if content.timed else (find(), opened.take_costs())
            )

        return OpenedWork(opened.identity, carry_out)


class PartsSearch:
    """Searches with opened parts; each index is trained once."""

    def __init__(self, opened: OpenedParts) -> None:
        trainings = {id(one.index): cache(one.train) for b in opened.blocks for one in b.searches}
        self._parts: dict[str, tuple[DistractorSource, BlockSearch]] = {
            one.candidates.key: (block.source, replace(one, train=trainings[id(one.index)]))
            for block in opened.blocks
            for one in block.searches
        }

    def search(
        self, start: int, stop: int, keys: Sequence[str], queries: Queries
    ) -> Iterator[Cell]:
        """The cells of one block.

        Args:
            start: Number of its first row.
            stop: Number after that of its last row.
            keys: Keys of its searches, which all have the same source.
            queries: One vector per query.
        """
        source = self._parts[keys[0]][0]
        block = Block(source, start, stop, [self._parts[key][1] for key in keys])
        return LocalEngine().search([block], queries)
