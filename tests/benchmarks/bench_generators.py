"""How many fingerprints a second each generator draws, in one run so that ratios mean something.

Run as a script. Weights are fresh: speed does not depend on what was learned. A draw includes
random numbers, the flow, de-normalising, projection and the copy to the caller's array.
"""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from tabulate import tabulate

from fpbench import Settings, Stream, rng_at
from fpbench_plugins.building_blocks.coherent_noise.generator import CoherentTracks
from fpbench_plugins.building_blocks.flow.generator import FittedFlow, FlowGenerator, Sampling
from fpbench_plugins.building_blocks.flow.network import NetworkShape, fresh_network
from fpbench_plugins.building_blocks.flow.normalisation import Normalisation
from fpbench_plugins.gaussian.generator import GaussianGenerator
from fpbench_plugins.rectified_flow.method import RectifiedFlow
from fpbench_plugins.rectified_flow_turbo.method import RectifiedFlowTurbo

REPEATS = 3
DIM = 128


def flow(shape: NetworkShape, sampling: Sampling, dtype: str, device: str = "cpu") -> FlowGenerator:
    network = fresh_network(shape, np.random.default_rng(0))
    fitted = FittedFlow(
        generator="benchmark",
        shape=shape,
        weights=network.state_dict(),
        normalisation=Normalisation(mean=0.0, std=0.088),
        sampling=sampling,
        record={},
    )
    return FlowGenerator(fitted, device=device, dtype=dtype)


def coherent(base: FlowGenerator) -> CoherentTracks:
    """Tracks of half a minute at a hop of half a second, alike as those of the demo."""
    by_lag = 0.45 + 0.35 * 0.5 ** np.arange(59)
    correlations = np.tile(by_lag.astype(np.float32), (20, 1))
    return CoherentTracks("benchmark", base, correlations, np.full(20, 60))


def draw_whole_tracks(generator: CoherentTracks, rows: int, rng: np.random.Generator) -> np.ndarray:
    kinds = rng.integers(len(generator.track_lengths), size=-(-rows // 60))
    return generator.draw_tracks(kinds, rng)[:rows]


def rows_per_s(draw: Callable[[int, np.random.Generator], np.ndarray], rows: int) -> float:
    rng = rng_at(0, Stream.CHECK)
    draw(rows // 10 + 1, rng)
    start = time.perf_counter()
    draw(rows, rng)
    return rows / (time.perf_counter() - start)


def main() -> None:
    paper, turbo = RectifiedFlow(Settings()).config, RectifiedFlowTurbo(Settings()).config
    official = flow(paper.shape(DIM), paper.sampling, "float32")
    half = flow(paper.shape(DIM), paper.sampling, "bfloat16")
    fast = flow(turbo.shape(DIM), turbo.sampling, "bfloat16")
    tracks = coherent(fast)
    identity = np.eye(DIM, dtype=np.float32)
    gaussian = GaussianGenerator(np.zeros(DIM, dtype=np.float32), identity, project=True)
    contestants: dict[str, tuple[Callable[..., np.ndarray], int]] = {
        "rectified-flow, float32": (official.draw, 50),
        "rectified-flow, bfloat16": (half.draw, 200),
        "rectified-flow-turbo, bfloat16": (fast.draw, 50_000),
        "rectified-flow-tracks, bfloat16": (partial(draw_whole_tracks, tracks), 50_000),
        "gaussian": (gaussian.draw, 100_000),
    }
    speeds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(REPEATS):
        for name, (draw, rows) in contestants.items():
            speeds[name].append(rows_per_s(draw, rows))
    base = float(np.median(speeds["rectified-flow, float32"]))
    table = [
        (
            name,
            f"{np.median(all_):,.0f}",
            f"{np.median(all_) / base:,.0f}",
            *(f"{x:,.0f}" for x in all_),
        )
        for name, all_ in speeds.items()
    ]
    headers = ("generator", "median rows/s", "x official", *range(1, REPEATS + 1))
    print(f"{torch.get_num_threads()} threads")
    print(tabulate(table, headers=[str(h) for h in headers], disable_numparse=True))


if __name__ == "__main__":
    main()
