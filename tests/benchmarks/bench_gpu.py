"""How near a GPU comes to its own matrix products with the paper's flow and with exact search.

Run as a script where there is one. Weights are fresh: speed does not depend on what was learned. A
draw includes random numbers, the flow, de-normalising, projection and the copy to the caller.
"""

import time
from collections.abc import Callable

import torch
from bench_generators import flow
from bench_search import DIM, QUERIES, K, chunks, unit
from tabulate import tabulate

from fpbench import Settings
from fpbench.search.distractors import CHUNK, SyntheticDistractors
from fpbench_plugins import exact
from fpbench_plugins.building_blocks.flow.generator import FlowGenerator
from fpbench_plugins.rectified_flow.config import PUBLISHED

CHUNKS = 60


def seconds(work: Callable[[], object]) -> float:
    torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def product_rate() -> float:
    """FLOP/s of a large bfloat16 product of random numbers, with the GPU already warm."""
    a, b = (torch.randn(8_192, 8_192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    out = torch.empty_like(a)

    def products() -> None:
        for _ in range(100):
            torch.mm(a, b, out=out)

    products()
    return 100 * 2 * 8_192**3 / seconds(products)


def draw_flops(generator: FlowGenerator) -> int:
    """Of one fingerprint, in products only."""
    weights = generator.fitted.weights
    entries = sum(
        tensor.numel()
        for name, tensor in weights.items()
        if tensor.ndim == 2 and not any(part in name for part in ("norm", "time_embedding"))
    )
    return 2 * entries * generator.fitted.sampling.steps


def search_rate() -> float:
    """Distractors a second that 2 000 queries are compared with."""
    index = exact.create(Settings(device="cuda", options={"sieve": "bfloat16"}))
    rows = unit(50 * CHUNK, 1)
    queries = unit(QUERIES, 0)
    index.search(queries, chunks(rows), K)
    return len(rows) / seconds(lambda: index.search(queries, chunks(rows), K))


def main() -> None:
    peak = product_rate()
    print(f"{torch.cuda.get_device_name()}: products {peak / 1e12:.0f} TFLOP/s", flush=True)
    print(f"exact search: {search_rate() / 1e6:.2f} M distractors/s", flush=True)
    table = []
    generator = flow(PUBLISHED.shape(DIM), PUBLISHED.sampling, "bfloat16", "cuda")
    for at_once in (1, 2, 3):
        source = SyntheticDistractors(generator, "flow", 0, at_once=at_once)
        for _ in source.rows(0, 4 * CHUNK):  # compiles and records
            pass
        stop = (4 + CHUNKS) * CHUNK
        elapsed = seconds(lambda s=source, n=stop: [None for _ in s.rows(4 * CHUNK, n)])
        rate = CHUNKS * CHUNK / elapsed
        flops = rate * draw_flops(generator)
        table.append((at_once, f"{rate:,.0f}", f"{flops / 1e12:.0f}", f"{flops / peak:.0%}"))
    headers = ("chunks at once", "rows/s", "TFLOP/s", "of products")
    print(tabulate(table, headers=headers, disable_numparse=True))
    print(f"products after it: {product_rate() / 1e12:.0f} TFLOP/s")


if __name__ == "__main__":
    main()
