"""How near drawing and searching on a CPU come to what they are made of, in one run.

    python tests/benchmarks/bench_speed.py [repeats]

Flows and exact search are held against bare products of their dtype, IVF-PQ against FAISS with the
same rows in memory. A ratio compares the best of several turns, in processor time of all threads:
on a machine with other work, elapsed time says more about that work. Weights are fresh, since speed
does not depend on what was learned.
"""

import dataclasses
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import faiss
import numpy as np
import torch
from bench_generators import flow
from bench_search import DIM, QUERIES, K, chunks, unit
from tabulate import tabulate

from fpbench import Settings, Stream, rng_at
from fpbench.plugin.devices import has_bfloat16
from fpbench.plugin.generators import draw_noise
from fpbench.prefetch import prefetch
from fpbench.search.distractors import CHUNK, SyntheticDistractors
from fpbench_plugins import exact, faiss_indexes
from fpbench_plugins.rectified_flow.method import RectifiedFlow
from fpbench_plugins.rectified_flow_turbo.method import RectifiedFlowTurbo

SQUARE, SQUARES = 1_024, {"float32": 2, "bfloat16": 20}  # size and number of bare products
FLOW_STEPS, FLOW_ROWS = 1, 4_096  # of 32 equal steps; fewer rows have smaller parts
BLOCK = 1_000_000  # rows that exact search searches; the first ones cost more than later ones
IVFPQ_ROWS = 200_000
AT_ONCE = 50_000  # rows of one search-shaped product
DRAWN = 5 * CHUNK


@dataclass(frozen=True, slots=True)
class Work:
    """Something to measure.

    Args:
        name: Its name in the table.
        run: Does it once.
        amount: Of what it does: operations or rows.
        unit: Of ``amount`` per second.
        against: Name of the work that it is compared with.
    """

    name: str
    run: Callable[[], object]
    amount: float
    unit: str
    against: str = ""


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    dtypes = ("float32", "bfloat16") if has_bfloat16("cpu") else ("float32",)
    queries = unit(QUERIES, 0)
    rows = np.concatenate([unit(CHUNK, 1, c) for c in range(BLOCK // CHUNK)])
    works = [work for dtype in dtypes for work in products_and_flow(dtype)]
    works += [work for dtype in dtypes for work in exact_search(dtype, queries, rows)]
    works += [*turbo(dtypes[-1], queries), *ivfpq(queries, rows[:IVFPQ_ROWS])]
    best: dict[str, tuple[float, float]] = {}
    for turn in range(repeats):
        for work in works:
            processor_s, wall_s = seconds(work.run)
            print(f"{turn} {work.name}: {processor_s:.2f} s, elapsed {wall_s:.2f}", file=sys.stderr)
            best[work.name] = min(best.get(work.name, (np.inf, np.inf)), (processor_s, wall_s))
    print_table(works, best)


def seconds(run: Callable[[], object]) -> tuple[float, float]:
    """Processor time and elapsed time."""
    processor, wall = time.process_time(), time.perf_counter()
    run()
    return time.process_time() - processor, time.perf_counter() - wall


def products_and_flow(dtype: str) -> list[Work]:
    """The paper's flow, and bare products: each thread has its own, which is what a flow does."""
    threads, times = torch.get_num_threads(), SQUARES[dtype]
    square = torch.randn(SQUARE, SQUARE).to(getattr(torch, dtype))
    outs = [torch.empty_like(square) for _ in range(threads)]
    pool = ThreadPoolExecutor(threads)

    def multiply(out: torch.Tensor) -> None:
        torch.set_num_threads(1)
        for _ in range(times):
            torch.mm(square, square, out=out)

    paper = RectifiedFlow(Settings()).config
    steps = dataclasses.replace(paper.sampling, steps=FLOW_STEPS)
    generator = flow(paper.shape(DIM), steps, dtype)
    matrices = [
        weight.numel()
        for name, weight in generator.fitted.weights.items()
        if weight.ndim == 2 and not any(part in name for part in ("norm", "time_embedding"))
    ]
    noise = draw_noise(FLOW_ROWS, DIM, rng_at(0, Stream.CHECK))
    bare = f"bare product, {dtype}"
    return [
        Work(bare, lambda: list(pool.map(multiply, outs)), threads * times * 2 * SQUARE**3, "FLOP"),
        Work(
            f"rectified-flow, {dtype}",
            lambda: generator.decode(noise),
            2 * sum(matrices) * FLOW_ROWS * FLOW_STEPS,
            "FLOP",
            bare,
        ),
    ]


def turbo(dtype: str, queries: np.ndarray) -> list[Work]:
    """Draws of the distilled flow as a run makes them, alone and with exact search beside them."""
    config = RectifiedFlowTurbo(Settings()).config
    generator = flow(config.shape(DIM), config.sampling, dtype)
    index = exact.create(Settings())

    def draw() -> None:
        for _ in SyntheticDistractors(generator, "turbo", 0).rows(0, DRAWN):
            pass

    def search() -> None:
        drawn = SyntheticDistractors(generator, "turbo", 0).rows(0, DRAWN)
        index.search(queries, prefetch(drawn), K)

    return [
        Work(f"turbo with noise and hand-over, {dtype}", draw, DRAWN, "rows"),
        Work(f"turbo and exact search of {QUERIES} queries", search, DRAWN, "rows"),
    ]


def exact_search(dtype: str, queries: np.ndarray, rows: np.ndarray) -> list[Work]:
    """Exact search, and one bare product of the same size; its result is written over."""
    index = exact.create(Settings(options={"sieve": dtype}))
    q = torch.from_numpy(queries).to(getattr(torch, dtype))
    x = torch.from_numpy(rows).to(q.dtype).T
    products = torch.empty(len(q), AT_ONCE, dtype=q.dtype)

    def bare() -> None:
        for start in range(0, len(rows), AT_ONCE):
            torch.mm(q, x[:, start : start + AT_ONCE], out=products)

    flop = 2.0 * len(rows) * QUERIES * DIM
    name = f"bare product of {QUERIES} queries, {dtype}"
    return [
        Work(name, bare, flop, "FLOP"),
        Work(
            f"exact search, {dtype}",
            lambda: index.search(queries, chunks(rows), K),
            flop,
            "FLOP",
            name,
        ),
    ]


def ivfpq(queries: np.ndarray, rows: np.ndarray) -> list[Work]:
    """Search with IVF-PQ, block by block, and FAISS alone."""
    index = faiss_indexes.create_ivfpq(Settings())
    whole = faiss.IndexIVFPQ(faiss.IndexFlatL2(DIM), DIM, 64, 64, 8)
    whole.nprobe = 20
    whole.train(rows[:20_000])
    index.train(rows[:20_000])

    def alone() -> None:
        whole.reset()
        whole.add(rows)
        whole.search(queries, K)

    return [
        Work("FAISS IVF-PQ", alone, len(rows), "rows"),
        Work(
            "ivfpq",
            lambda: index.search(queries, chunks(rows), K),
            len(rows),
            "rows",
            "FAISS IVF-PQ",
        ),
    ]


def print_table(works: Sequence[Work], best: dict[str, tuple[float, float]]) -> None:
    """Rates per core, elapsed rates, and ratios."""
    cost = {work.name: best[work.name][0] / work.amount for work in works}
    table = [
        (
            work.name,
            _rate(1 / cost[work.name], work.unit),
            _rate(work.amount / best[work.name][1], work.unit),
            f"{cost[work.against] / cost[work.name]:.2f}" if work.against else "",
        )
        for work in works
    ]
    load = os.getloadavg()[0]
    print(f"{torch.get_num_threads()} threads, load {load:.1f}")
    headers = ["work", "per second of a core", "elapsed", "ratio"]
    print(tabulate(table, headers, disable_numparse=True))


def _rate(per_s: float, what: str) -> str:
    return f"{per_s / 1e9:,.0f} GFLOP" if what == "FLOP" else f"{per_s:,.0f} {what}"


if __name__ == "__main__":
    main()
