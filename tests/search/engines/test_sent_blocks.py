"""Blocks are searched with the parts that were sent, as the local engine does."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from block_searches import Scan, Slices, unit
from here_workers import HereWorkers

from fpbench.cache import Store
from fpbench.search.blocks import BlockSearch, CandidateStore
from fpbench.search.engines.local import LocalEngine
from fpbench.search.engines.missing import cut_blocks
from fpbench.search.engines.parts import OpenedParts
from fpbench.search.engines.sent_blocks import PartsSearch, SentBlock, SentBlocks, WorkersEngine
from fpbench.search.engines.worker import Worker

ROWS, QUERIES = (unit(n, np.random.default_rng(n)) for n in (300, 10))


class Parts:
    """Two searches with one index, which counts how often it is trained."""

    def __init__(self, folder: Path) -> None:
        self.identity = {"index 'scan'": "1"}
        self._folder, self.trained = folder, 0

    def open(self, store: Store | None, device: str | None) -> OpenedParts:
        index = Scan()

        def train() -> None:
            self.trained += 1

        searches = [
            BlockSearch(index, CandidateStore(store=Store(self._folder), key=key, k=5), "x", train)
            for key in ("a", "b")
        ]
        blocks = [cut_blocks([one], Slices(ROWS), [0, 300])[0] for one in searches]
        return OpenedParts(
            blocks, self.identity, lambda: "cost", lambda search: ("timed", search()[0].ids.shape)
        )


def test_a_worker_finds_what_the_local_engine_finds(tmp_path: Path) -> None:
    parts, worker = Parts(tmp_path), Worker()
    assert worker.open(SentBlocks(parts, QUERIES), tmp_path / "gone") == parts.identity
    (block, _) = parts.open(None, None).blocks
    (expected,) = LocalEngine().search([replace(block, start=100, stop=200)], QUERIES)
    found, _ = worker.carry_out(SentBlock(100, 200, ["a"]))
    np.testing.assert_array_equal(found[0].ids, expected.candidates.ids)


def test_an_index_is_trained_once_for_all_blocks_and_searches(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    search = PartsSearch(parts.open(None, None))
    for key in ("a", "b", "a"):
        list(search.search(0, 100, [key], QUERIES))
    assert parts.trained == 1


def test_indexes_are_timed_after_all_blocks(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    (block, _) = parts.open(None, None).blocks
    halves = [replace(block, start=0, stop=100), replace(block, start=100, stop=300)]
    notes: list[object] = []
    engine = WorkersEngine(HereWorkers(), parts, notes.append)
    cells = list(engine.search(halves, QUERIES))
    assert {(cell.block.start, cell.block.stop) for cell in cells} == {(0, 100), (100, 300)}
    assert sorted(map(str, notes)) == ["('timed', (10, 5))", "cost", "cost"]
    assert list(engine.search([], QUERIES)) == []
    assert len(notes) == 3
