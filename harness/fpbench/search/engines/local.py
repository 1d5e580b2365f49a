"""Searches blocks in this process, with the threads of its libraries."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fpbench.files import make_folder
from fpbench.plugin.fingerprinters import Vectors
from fpbench.prefetch import prefetch
from fpbench.search.blocks import (
    BlockSearch,
    Queries,
    group_searches,
    search_group,
    train_searches,
)
from fpbench.search.distractors import CHUNK
from fpbench.search.engines.engine import Block, Cell


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """Implements :class:`fpbench.search.engines.engine.Engine`: one block after the other.

    A block is drawn once for all its searches, while the rows before it are searched. Settings of
    one index that differ in the search alone are trained and filled once.
    """

    def search(self, blocks: Sequence[Block], queries: Queries) -> Iterator[Cell]:
        searches = {id(one.index): one for block in blocks for one in block.searches}
        train_searches(list(searches.values()))
        for block in blocks:
            rows = prefetch(block.source.rows(block.start, block.stop))
            groups = group_searches(block.searches)
            replayed = _replay_rows(rows, [group[0] for group in groups])
            for group, again in zip(groups, replayed, strict=True):
                found = search_group(group, queries, again, block.stop - block.start)
                for search, candidates in zip(group, found, strict=True):
                    yield Cell(block, search, candidates)


def _replay_rows(
    rows: Iterator[Vectors], searches: Sequence[BlockSearch]
) -> Iterator[Iterator[Vectors]]:
    """The same rows for each search; the first search draws them, the others read a file."""
    if len(searches) <= 1:
        yield from [rows] * len(searches)
        return
    with tempfile.TemporaryFile(dir=make_folder(searches[0].candidates.store.root)) as file:
        dim = 0

        def record() -> Iterator[Vectors]:
            nonlocal dim
            for chunk in rows:
                dim = chunk.shape[1]
                chunk.tofile(file)
                yield chunk

        def replay() -> Iterator[Vectors]:
            file.seek(0)
            while dim and len(flat := np.fromfile(file, np.float32, CHUNK * dim)):
                yield flat.reshape(-1, dim)

        first = record()
        yield first
        for _ in first:  # an index may stop before the last row
            pass
        for _ in searches[1:]:
            yield replay()
