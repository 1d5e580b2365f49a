"""Simulated tails: how often their intervals hold, and how long they take.

python tests/benchmarks/bench_tails.py [--repetitions 200] [--queries 2000] [--threads 2]

0 leaves a part out.

The first lines time the shipped demo generator up to a trillion distractors, without and with the
thresholds of false accepts. The table simulates hit rates of a generator whose tail is known,
uniform directions, many times from fresh evidence. It gives the mean error, the standard error that
the simulation claims, and the share of 95 % intervals that hold the truth.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import numpy as np
from scipy import stats
from tabulate import tabulate

from fpbench import Candidates, Noise, NoiseGenerator, Vectors
from fpbench.cache import Store
from fpbench.evidence.block_edges import block_edges
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.hit_rates import simulate_hits
from fpbench.results.fields import HIT_RANKS
from fpbench.search.distractors import SyntheticDistractors
from fpbench.search.splitting import SplittingSettings
from fpbench.search.tails import TailInputs, simulate_tails

SIZES = (10**5, 10**7, 10**9, 10**12)
KEPT = 20  # candidates of a block
GENERATOR = "rectified_flow_turbo/weights/nafp-demo.safetensors"


class Directions(NoiseGenerator):
    """Uniform on the sphere."""

    parameters = MappingProxyType({})

    def __init__(self, dim: int) -> None:
        self._dim = dim

    @property
    def dim(self) -> int:
        return self._dim

    @property
    def noise_dim(self) -> int:
        return self._dim

    def decode(self, noise: Noise, /) -> Vectors:
        return noise / np.linalg.norm(noise, axis=1, keepdims=True)

    def save(self, path: Path, /) -> None:
        raise NotImplementedError

    def score(self, p: np.ndarray) -> np.ndarray:
        """Inner product with a fixed direction that is exceeded with probability p."""
        half = (self.dim - 1) / 2
        return (2 * stats.beta.isf(p, half, half) - 1).astype(np.float32)


def search(
    source: SyntheticDistractors,
    queries: np.ndarray,
    match_scores: np.ndarray,
    edges: Sequence[int],
) -> Evidence:
    """Evidence of an exact search, with one match for each query."""
    blocks = []
    for start, stop in pairwise(edges):
        products = queries @ np.concatenate(list(source.rows(start, stop))).T
        ids = np.argpartition(-products, KEPT, axis=1)[:, :KEPT].astype(np.int64)
        scores = np.take_along_axis(products, ids, axis=1)
        blocks.append(Candidates(ids, -scores, scores))
    reference = np.full((len(queries), KEPT + 1), -1, dtype=np.float32)
    reference[:, 0] = match_scores
    distance_s = np.full(reference.shape, np.inf)
    distance_s[:, 0] = 0
    ids = np.tile(np.arange(KEPT + 1), (len(queries), 1))
    return Evidence(
        query_track=np.arange(len(queries)),
        reference=Candidates(ids, -reference, reference),
        distance_s=distance_s,
        match_score=match_scores,
        edges=np.array(edges, dtype=np.int64),
        blocks=blocks,
    )


def random_queries(count: int, dim: int) -> np.ndarray:
    queries = np.random.default_rng(0).standard_normal((count, dim)).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    return queries


def simulate(
    generator: NoiseGenerator,
    queries: np.ndarray,
    scores: np.ndarray,
    edges: Sequence[int],
    *,
    seed: int,
    thresholds: np.ndarray | None = None,
    threads: int | None = None,
) -> tuple[Evidence, str]:
    """Evidence with a simulated tail, and how long the simulation took."""
    source = SyntheticDistractors(generator, "generator", seed)
    evidence = search(source, queries, scores, edges)
    inputs = TailInputs(
        generator=generator,
        name="generator",
        source=source,
        queries=queries,
        evidence=evidence,
        tolerances_s=(None,),
        thresholds=np.zeros(0) if thresholds is None else thresholds,
        key="benchmark",
        seed=seed,
        settings=SplittingSettings(least_probability=1e-4 / SIZES[-1]),
    )
    start, start_of_processors = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        tail, effort = simulate_tails(
            inputs, Store(Path(folder)), lambda _share, _phrase: None, threads=threads
        )
    took = (
        f"{time.perf_counter() - start:.1f} s, "
        f"{time.process_time() - start_of_processors:.1f} s of processors"
    )
    print(f"seed {seed}: {effort.decoded:,} decoded in {took}", flush=True)
    return replace(evidence, tail=tail), took


def measure_coverage(repetitions: int) -> None:
    generator, queries = Directions(48), random_queries(200, 48)
    p = 10 ** np.random.default_rng(1).uniform(-13, -3, len(queries))
    cells = [(size, k) for size in SIZES for k in HIT_RANKS]
    estimates = []
    for seed in range(repetitions):
        evidence, _ = simulate(
            generator, queries, generator.score(p), block_edges([500, 5_000, 50_000]), seed=seed
        )
        estimates.append([simulate_hits(evidence, size, None, k) for size, k in cells])
    rows = []
    for (size, k), column in zip(cells, zip(*estimates, strict=True), strict=True):
        truth = stats.poisson.cdf(k - 1, size * p).mean()
        errors = np.array([one.hits.mean() - truth for one in column])
        held = np.mean(
            [abs(e) <= one.half_width(0.95) for e, one in zip(errors, column, strict=True)]
        )
        claimed = np.sqrt(np.mean([one.error**2 for one in column]))
        rows.append([f"{size:.0e}", f"hr@{k}", truth, errors.mean(), errors.std(), claimed, held])
    headers = ["distractors", "metric", "truth", "mean error", "its sd", "claimed sd", "held"]
    print(tabulate(rows, headers=headers, floatfmt=".4f"))


def measure_time(count: int, threads: int | None) -> None:
    import fpbench_plugins
    from fpbench.plugin.devices import resolve_dtype
    from fpbench_plugins.building_blocks.flow.generator import FlowGenerator, read_flow

    path = Path(fpbench_plugins.__file__).parent / GENERATOR
    dtype = resolve_dtype("auto", "cpu")
    generator = FlowGenerator(read_flow(path, "rectified-flow-turbo"), device="cpu", dtype=dtype)
    # Draws are the queries, so levels lie as for real ones; the highest scores are never met.
    queries = generator.draw(count, np.random.default_rng(5))
    scores = np.random.default_rng(6).uniform(0.4, 0.95, count).astype(np.float32)
    searched = block_edges([10_000, 100_000, 1_000_000])
    for thresholds in (None, np.linspace(0.4, 0.95, 48)):
        _, took = simulate(
            generator, queries, scores, searched, seed=0, thresholds=thresholds, threads=threads
        )
        what = "hit rates" if thresholds is None else "hit rates and false accepts"
        print(f"{what} of {count} queries to {SIZES[-1]:.0e}, {dtype}: {took}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--queries", type=int, default=2_000)
    parser.add_argument("--threads", type=int, help="batches at the same time; default: cores")
    arguments = parser.parse_args()
    if arguments.queries:
        measure_time(arguments.queries, arguments.threads)
    if arguments.repetitions:
        measure_coverage(arguments.repetitions)
