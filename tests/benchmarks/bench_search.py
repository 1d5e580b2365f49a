"""Speed of block-wise search against what it is made of. Run it by hand:

    python tests/benchmarks/bench_search.py [distractors]

`exact` is held against one bare torch matrix product of the same total size in the same dtype,
`ivfpq` against FAISS on the same data in memory; both in the same run, three times in turns. Peak
memory is that of a process of its own that draws distractors as it goes.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import faiss
import numpy as np
import torch

from fpbench import Settings, Stream, Vectors, rng_at
from fpbench.plugin.devices import has_bfloat16
from fpbench.prefetch import prefetch
from fpbench.search.distractors import CHUNK
from fpbench_plugins import exact, faiss_indexes

QUERIES, DIM, K = 2_000, 128, 20
REPEATS = 3


def unit(n: int, *address: int) -> Vectors:
    x = rng_at(0, Stream.CHECK, *address).standard_normal((n, DIM), dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def chunks(rows: Vectors) -> Iterator[Vectors]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def bench_exact(queries: Vectors, rows: Vectors, dtype: str) -> None:
    index = exact.create(Settings(options={"sieve": dtype}))
    q = torch.from_numpy(queries).to(getattr(torch, dtype))
    x = torch.from_numpy(rows).to(q.dtype).T
    # Whole, it would not fit: 1 M rows give 8 GB of products. Warm, and written over.
    products = torch.empty(len(q), 50_000, dtype=q.dtype)

    def bare() -> None:
        for start in range(0, x.shape[1], 50_000):
            torch.mm(q, x[:, start : start + 50_000], out=products)

    bare()
    for _ in range(REPEATS):
        product_s = seconds(bare)
        search_s = seconds(lambda: index.search(queries, chunks(rows), K))
        gflops = 2e-9 * QUERIES * len(rows) * DIM / product_s
        print(
            f"exact {dtype}: product {product_s:.2f} s ({gflops:.0f} GFLOP/s), "
            f"search {search_s:.2f} s, ratio {product_s / search_s:.2f}",
            flush=True,
        )


def bench_ivfpq(queries: Vectors, rows: Vectors) -> None:
    index = faiss_indexes.create_ivfpq(Settings())
    whole = faiss.IndexIVFPQ(faiss.IndexFlatL2(DIM), DIM, 64, 64, 8)
    whole.nprobe = 20
    whole.train(rows[:20_000])
    index.train(rows[:20_000])
    for _ in range(REPEATS):
        whole.reset()
        add_s = seconds(lambda: whole.add(rows))
        search_s = seconds(lambda: whole.search(queries, K))
        ours_s = seconds(lambda: index.search(queries, chunks(rows), K))
        print(
            f"ivfpq {len(rows)}: FAISS adds in {add_s:.2f} s, searches in {search_s:.2f} s; "
            f"block-wise {ours_s:.2f} s, ratio {(add_s + search_s) / ours_s:.2f}",
            flush=True,
        )


def peak_memory(distractors: int) -> None:
    index = exact.create(Settings())
    drawn = (unit(CHUNK, 1, c) for c in range(distractors // CHUNK))
    index.search(unit(QUERIES, 0), prefetch(drawn), K)
    status = Path("/proc/self/status").read_text()
    peak_kib = int(status.split("VmHWM:")[1].split()[0])
    print(f"peak memory with {distractors} distractors: {peak_kib / 1024:.0f} MiB", flush=True)


def main() -> None:
    if sys.argv[1:2] == ["memory"]:
        peak_memory(int(sys.argv[2]))
        return
    distractors = int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000
    queries, rows = unit(QUERIES, 0), np.empty((distractors, DIM), dtype=np.float32)
    for c in range(distractors // CHUNK):
        rows[c * CHUNK : (c + 1) * CHUNK] = unit(CHUNK, 1, c)
    for dtype in ("float32", "bfloat16") if has_bfloat16("cpu") else ("float32",):
        bench_exact(queries, rows, dtype)
    bench_ivfpq(queries, rows[: distractors // 2])
    for size in (distractors // 10, distractors):
        subprocess.run([sys.executable, __file__, "memory", str(size)], check=True)


if __name__ == "__main__":
    main()
