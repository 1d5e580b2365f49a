"""What workers of a Ray cluster cost, against the local engine. Run it by hand:

    python tests/benchmarks/bench_engines.py [blocks] [rows per block]

The overhead is that of a block in which nothing is searched: to ask for it, to send the candidates
of 2000 queries back, and to keep them in the cache. The rates are those of as many workers as there
are cores, each with one, and of one process with all cores, in turns.
"""

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from fpbench import Candidates, Settings, Stream, Vectors, rng_at
from fpbench.cache import Store
from fpbench.machine import usable_cores
from fpbench.plugin.indexes import BlockIndex
from fpbench.search.blocks import BlockSearch, CandidateStore
from fpbench.search.distractors import CHUNK
from fpbench.search.engines.engine import Block, Engine
from fpbench.search.engines.local import LocalEngine
from fpbench.search.engines.missing import cut_blocks, search_missing
from fpbench.search.engines.parts import OpenedParts
from fpbench.search.engines.ray_cluster import open_cluster
from fpbench.search.engines.ray_workers import RayWorkers
from fpbench.search.engines.sent_blocks import WorkersEngine
from fpbench_plugins import exact

QUERIES, DIM, K = 2_000, 128, 20
EMPTY_BLOCKS = 200
REPEATS = 3


def unit(n: int, *address: int) -> Vectors:
    x = rng_at(0, Stream.CHECK, *address).standard_normal((n, DIM), dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


class Drawn:
    """Distractors that are drawn as they are read."""

    rows_available = None

    def rows(self, start: int, stop: int) -> Iterator[Vectors]:
        for first in range(start, stop, CHUNK):
            yield unit(min(CHUNK, stop - first), 1, first)


class NoSearch(BlockIndex):
    """An index that reads nothing."""

    kind: Final = "block"
    exact = False
    training_rows = 0

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        return {}

    def train(self, vectors: Vectors, /) -> None: ...

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        scores = np.zeros((len(queries), k), np.float32)
        return Candidates(np.tile(np.arange(k), (len(queries), 1)), -scores, scores)


@dataclass(frozen=True)
class Parts:
    """The parts of a search, with an index or with none."""

    folder: Path
    empty: bool

    @property
    def identity(self) -> dict[str, str]:
        return {}

    def blocks(self, edges: Sequence[int]) -> list[Block]:
        index = NoSearch() if self.empty else exact.create(Settings())
        kept = CandidateStore(store=Store(self.folder), key="bench", k=K)
        return cut_blocks([BlockSearch(index, kept, "bench")], Drawn(), edges)

    def open(self, store: Store | None, device: str | None) -> OpenedParts:
        return OpenedParts(self.blocks([0, CHUNK]), {})


def seconds(engine: Engine, parts: Parts, edges: Sequence[int], queries: Vectors) -> float:
    """Time of a search, with its candidates kept."""
    started = time.perf_counter()
    for _ in search_missing(parts.blocks(edges), queries, [engine]):
        pass
    return time.perf_counter() - started


def main() -> None:
    blocks = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    length = int(float(sys.argv[2])) if len(sys.argv) > 2 else 1_000_000
    edges, queries, cores = (
        range(0, (blocks + 1) * length, length),
        unit(QUERIES, 0),
        usable_cores(),
    )
    with tempfile.TemporaryDirectory() as folder, open_cluster(None, cores, on_gpus=False) as ray:
        parts = Parts(Path(folder), empty=False)
        empty = Parts(Path(folder), empty=True)
        workers, here = WorkersEngine(RayWorkers(ray), parts), LocalEngine()
        seconds(workers, parts, range(0, 2 * cores * CHUNK, CHUNK), queries)  # starts them
        small = range(0, (EMPTY_BLOCKS + 1) * CHUNK, CHUNK)
        of_block_s, ratios = [], []
        for _ in range(REPEATS):
            by_workers_s = seconds(workers, parts, edges, queries)
            by_process_s = seconds(here, parts, edges, queries)
            overhead_s = (
                seconds(WorkersEngine(RayWorkers(ray), empty), empty, small, queries) / EMPTY_BLOCKS
            )
            of_block_s.append(overhead_s / (by_process_s / blocks))
            ratios.append(by_process_s / by_workers_s)
            print(
                f"{blocks} blocks of {length:,}: {cores} workers {by_workers_s:.1f} s, one process "
                f"{by_process_s:.1f} s, ratio {ratios[-1]:.2f}; overhead of a block "
                f"{1000 * overhead_s:.1f} ms, {100 * of_block_s[-1]:.2f} %",
                flush=True,
            )
        print(f"best: ratio {max(ratios):.2f}, overhead {100 * min(of_block_s):.2f} %")


if __name__ == "__main__":
    main()
