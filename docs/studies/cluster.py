"""Simulates a search by many workers of unequal speed that die. Run it by hand:

    python docs/studies/cluster.py [distractors] [rows per second of a worker]

Blocks are those of a run. Each worker asks for the next block when it has finished one (`ray`), or
has a fixed share from the beginning (`shards`). The process that keeps what they find takes one
block at a time. A worker that dies loses its block, and its successor starts again. Efficiency is
the time of as many workers that never wait nor die, at the mean speed, divided by that of the run.
"""

import heapq
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tabulate import tabulate

from fpbench.evidence.block_edges import block_edges
from fpbench.search.engines.shards import Shard
from fpbench.units import parse_whole, short_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """What workers are like.

    Args:
        workers: Number of workers.
        rate: Rows per second of a worker of usual speed.
        slow: Share of workers that have half the speed.
        jitter: Standard deviation of the logarithm of the time of a block.
        hours_of_life: Mean time until a worker dies; 0 means never.
        start_s: From the start of a worker to its first block.
        keep_s: Time to keep the candidates of a block, one block after the other.
    """

    workers: int
    rate: float = 80_000.0
    slow: float = 0.0
    jitter: float = 0.05
    hours_of_life: float = 0.0
    start_s: float = 30.0
    keep_s: float = 0.02


def simulate(cluster: Cluster, queues: Sequence[Sequence[int]], rng: np.random.Generator) -> float:
    """Seconds until all blocks are kept.

    Args:
        cluster: The workers.
        queues: Rows of the blocks, in the order in which they are taken: one queue for all workers,
            or one for each.
        rng: Decides on times and deaths.
    """
    shares = [deque(queue) for queue in queues]
    speeds = np.where(np.arange(cluster.workers) < cluster.slow * cluster.workers, 0.5, 1.0)
    life_s = 3600.0 * cluster.hours_of_life or np.inf
    dies_at = rng.exponential(1.0, cluster.workers) * life_s if cluster.hours_of_life else None
    free = [(cluster.start_s, worker) for worker in range(cluster.workers)]
    finished: list[float] = []
    while free:
        now, worker = heapq.heappop(free)
        left = shares[worker % len(shares)]
        if not left:
            continue
        rows = left.popleft()
        usual_s = rows / (cluster.rate * speeds[worker])
        ends = now + usual_s * rng.lognormal(0.0, cluster.jitter)
        if dies_at is not None and ends > dies_at[worker]:
            left.appendleft(rows)
            again = float(dies_at[worker]) + cluster.start_s
            dies_at[worker] = again + rng.exponential(life_s)
            heapq.heappush(free, (again, worker))
            continue
        finished.append(ends)
        heapq.heappush(free, (ends, worker))
    kept = 0.0
    for ends in sorted(finished):
        kept = max(kept, ends) + cluster.keep_s
    return kept


def divide(lengths: Sequence[int], workers: int) -> list[list[int]]:
    """The shares of ``fpbench run --shard``."""
    shards = [Shard(number, workers) for number in range(1, workers + 1)]
    return [[lengths[place] for place in shard.share(lengths)] for shard in shards]


def run_s(cluster: Cluster, queues: Sequence[Sequence[int]], repeats: int = 3) -> float:
    """Mean time of several simulations, in seconds."""
    rngs = (np.random.default_rng(seed) for seed in range(repeats))
    return float(np.mean([simulate(cluster, queues, rng) for rng in rngs]))


CASES = (
    ("equal workers", {"slow": 0.0, "hours_of_life": 0.0}),
    ("1 of 8 at half the speed", {"slow": 1 / 8, "hours_of_life": 0.0}),
    ("each dies once in 4 h", {"slow": 0.0, "hours_of_life": 4.0}),
    ("both", {"slow": 1 / 8, "hours_of_life": 4.0}),
)


def main() -> None:
    distractors = parse_whole(sys.argv[1]) if len(sys.argv) > 1 else 10**10
    rate = float(sys.argv[2]) if len(sys.argv) > 2 else 80_000.0
    sizes = [10**power for power in range(4, 13) if 10**power < distractors]
    lengths = np.diff(block_edges([*sizes, distractors])).tolist()
    print(
        f"{short_size(distractors)} distractors, {len(lengths)} blocks, {rate:,.0f} rows a second\n"
    )
    rows = []
    for workers in (8, 64, 256):
        one, many = [sorted(lengths, reverse=True)], divide(lengths, workers)
        for name, changes in CASES:
            cluster = Cluster(workers=workers, rate=rate, **changes)
            ideal_s = sum(lengths) / (rate * (1 - cluster.slow / 2) * workers)
            by_ray_s, by_shards_s = run_s(cluster, one), run_s(cluster, many)
            ratios = [f"{ideal_s / seconds:.2f}" for seconds in (by_ray_s, by_shards_s)]
            rows.append([workers, name, f"{by_ray_s / 60:.0f} min", *ratios])
    heads = ["workers", "which", "with ray", "efficiency", "of shards"]
    print(tabulate(rows, heads, disable_numparse=True))


if __name__ == "__main__":
    main()
