"""What the cache lacks is asked of one engine after the other, and kept as it comes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from block_searches import Scan, Slices, unit

from fpbench.cache import Store
from fpbench.search.blocks import BlockSearch, CandidateStore, Queries
from fpbench.search.engines.engine import Block, Cell
from fpbench.search.engines.local import LocalEngine
from fpbench.search.engines.missing import cut_blocks, fill_cache, find_missing, search_missing

EDGES = [0, 100, 200, 450, 900]


class Case:
    """Queries and distractors."""

    def __init__(self) -> None:
        rng = np.random.default_rng(5)
        self.queries, self.source = unit(10, rng), Slices(unit(900, rng))

    def blocks(self, folder: Path, edges: Sequence[int] = EDGES) -> list[Block]:
        return cut_blocks([scan(folder)], self.source, edges)


def scan(folder: Path, key: str = "case") -> BlockSearch:
    return BlockSearch(Scan(), CandidateStore(store=Store(folder), key=key, k=5), "scan")


def files(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.npz")}


def test_an_interrupted_search_goes_on_and_ends_in_the_same_bytes(tmp_path: Path) -> None:
    case, whole, broken = Case(), tmp_path / "a", tmp_path / "b"
    list(search_missing(case.blocks(whole), case.queries, [LocalEngine()]))
    steps = search_missing(case.blocks(broken), case.queries, [LocalEngine()])
    assert [next(steps).block.stop, next(steps).block.stop] == [100, 200]
    steps.close()  # type: ignore[attr-defined]
    case.source.read.clear()
    list(search_missing(find_missing(case.blocks(broken)), case.queries, [LocalEngine()]))
    assert case.source.read == [(200, 450), (450, 900)]
    assert len(files(whole)) == 4
    assert files(whole) == files(broken)


def test_a_larger_size_searches_only_what_is_new(tmp_path: Path) -> None:
    case = Case()
    list(search_missing(case.blocks(tmp_path, EDGES[:3]), case.queries, [LocalEngine()]))
    missing = find_missing(case.blocks(tmp_path))
    assert [(one.start, one.stop) for one in missing] == [(200, 450), (450, 900)]


def test_a_damaged_cell_is_missing(tmp_path: Path) -> None:
    case = Case()
    list(search_missing(case.blocks(tmp_path), case.queries, [LocalEngine()]))
    damaged = next(tmp_path.rglob("*.npz"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert len(find_missing(case.blocks(tmp_path))) == 1


@dataclass
class Forgetful:
    """An engine that finds every second block, from the last to the first."""

    asked: list[int] = field(default_factory=list)

    def search(self, blocks: Sequence[Block], queries: Queries) -> Iterator[Cell]:
        self.asked += [block.stop for block in blocks]
        return LocalEngine().search(blocks[::-2], queries)


def test_an_engine_is_asked_for_what_those_before_it_have_left(tmp_path: Path) -> None:
    case, engines = Case(), [Forgetful(), Forgetful(), Forgetful()]
    cells = list(search_missing(case.blocks(tmp_path / "a"), case.queries, engines))
    assert [engine.asked for engine in engines] == [[100, 200, 450, 900], [100, 450], [100]]
    assert [cell.block.stop for cell in cells] == [900, 200, 450, 100]
    list(search_missing(case.blocks(tmp_path / "b"), case.queries, [LocalEngine()]))
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_only_the_searches_that_lack_a_block_are_asked(tmp_path: Path) -> None:
    case, two = Case(), [scan(tmp_path, "a"), scan(tmp_path, "b")]
    list(search_missing(cut_blocks(two[:1], case.source, EDGES[:3]), case.queries, [LocalEngine()]))
    missing = find_missing(cut_blocks(two, case.source, EDGES))
    assert [len(block.searches) for block in missing] == [1, 1, 2, 2]


def test_progress_counts_distractors_of_earlier_and_of_this_run(tmp_path: Path) -> None:
    case, told = Case(), list[tuple[float, str]]()
    list(search_missing(case.blocks(tmp_path, EDGES[:3]), case.queries, [LocalEngine()]))
    fill_cache(
        case.blocks(tmp_path),
        case.queries,
        [LocalEngine()],
        case.source,
        lambda done, words: told.append((done, words)),
    )
    assert told == [(0.5, "450 distractors"), (1.0, "900 distractors")]
