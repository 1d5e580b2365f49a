"""The local engine draws each block once for all its searches, and trains before the first."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from block_searches import Scan, Slices, unit

from fpbench import Candidates, Vectors
from fpbench.cache import Store
from fpbench.search.blocks import BlockSearch, CandidateStore
from fpbench.search.engines.local import LocalEngine
from fpbench.search.engines.missing import cut_blocks

EDGES = [0, 100, 200, 450, 900]


class FirstChunkOnly(Scan):
    """Searches the first chunk only."""

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        return super().search(queries, iter([next(block)]), k)


def test_several_indexes_share_each_draw(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    queries, source = unit(10, rng), Slices(unit(900, rng))
    kept = CandidateStore(store=Store(tmp_path), key="case", k=5)
    first, *both = (BlockSearch(one, kept, "x") for one in (FirstChunkOnly(), Scan(), Scan()))
    cells = list(LocalEngine().search(cut_blocks([first, *both], source, EDGES), queries))
    assert source.read == list(pairwise(EDGES))
    alone = list(LocalEngine().search(cut_blocks(both[:1], source, EDGES), queries))
    for search in both:
        found = [cell.candidates for cell in cells if cell.search is search]
        for actual, expected in zip(found, alone, strict=True):
            np.testing.assert_array_equal(actual.ids, expected.candidates.ids)
            np.testing.assert_array_equal(actual.scores, expected.candidates.scores)


def test_each_index_is_trained_once_before_its_first_search(tmp_path: Path) -> None:
    rng, told = np.random.default_rng(5), list[str]()
    kept = CandidateStore(store=Store(tmp_path), key="case", k=5)

    def learn() -> None:
        told.append("trained")

    search = BlockSearch(Scan(), kept, "x", learn)
    blocks = cut_blocks([search], Slices(unit(900, rng)), EDGES)
    steps = LocalEngine().search(blocks, unit(10, rng))
    assert told == []
    next(steps)
    list(steps)
    assert told == ["trained"]
