"""What an engine is asked, and what it answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from fpbench.plugin.indexes import Candidates
from fpbench.search.blocks import BlockSearch, Queries
from fpbench.search.distractors import DistractorSource


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Rows [start, stop) of a sequence, and the searches whose candidates are wanted.

    Args:
        source: The distractors, or the reference.
        start: Number of the first row.
        stop: Number after that of the last row.
        searches: Each with an index of its own, as trained by its ``train``.
    """

    source: DistractorSource
    start: int
    stop: int
    searches: Sequence[BlockSearch]


class Cell(NamedTuple):
    """The candidates that one search has in one block."""

    block: Block
    search: BlockSearch
    candidates: Candidates


@runtime_checkable
class Engine(Protocol):
    """Finds candidates, wherever and however it likes; equal blocks give equal candidates."""

    def search(self, blocks: Sequence[Block], queries: Queries) -> Iterator[Cell]:
        """Find the cells of some blocks, in any order; each is kept as soon as it is yielded.

        Cells that it cannot find may be left out: another engine is asked for them.

        Args:
            blocks: Those with missing cells, each with the searches that lack it.
            queries: One vector per query, the same for all searches.
        """
        ...
