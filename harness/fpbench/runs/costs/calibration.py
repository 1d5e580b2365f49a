"""How fast the machine is in a fixed computation, so that times of two machines can be compared."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fpbench.cache import Store
from fpbench.hashing import content_key
from fpbench.results.costs import Calibration
from fpbench.runs.costs.kept_costs import machine_key

LEAST_RUN_S = 60.0
"""A shorter run does not spend a second on it."""

KEPT_S = 12 * 3600.0
"""As long a measurement is taken for that of today; a machine may be busier later."""

_KIND = "calibration"
_PART_S = 0.1
_PARTS = 5
_SIZE = 512  # of the matrices: a product takes about a millisecond, and their memory is 3 MB
_COPY_BYTES = 64 << 20  # larger than most caches


def calibration(store: Store, run_s: float) -> Calibration | None:
    """The speed of this machine, from the cache or measured now, which takes about a second.

    Args:
        store: The cache.
        run_s: How long the run took.

    Returns:
        None for a run of less than a minute, unless the cache holds a measurement of today.
    """
    key = content_key(machine=machine_key())
    kept = store.read(_KIND, key)
    age_s = _age_s(store.path(_KIND, key, ".npz")) if kept is not None else KEPT_S
    if kept is None or age_s >= KEPT_S:
        if run_s < LEAST_RUN_S:
            return None
        kept, age_s = _measure(), 0.0
        store.write(_KIND, key, kept, durable=False)
    return Calibration(**{name: float(value) for name, value in kept.items()}, age_s=age_s)


def _age_s(path: Path) -> float:
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except FileNotFoundError:
        return KEPT_S


def _measure() -> dict[str, np.ndarray]:
    import torch

    rng = np.random.default_rng(0)
    one, other = (
        torch.from_numpy(rng.standard_normal((_SIZE, _SIZE), dtype=np.float32)) for _ in range(2)
    )
    out = one @ other
    copied = np.ones(_COPY_BYTES // 4, dtype=np.float32)
    copy = np.zeros_like(copied)
    rates = {
        "gflops": _rates(lambda: torch.matmul(one, other, out=out), 2.0 * _SIZE**3),
        "copy_gb_s": _rates(lambda: np.copyto(copy, copied), 2.0 * _COPY_BYTES),
    }
    return {
        name + end: np.array(choose(found))
        for name, found in rates.items()
        for end, choose in (("", np.median), ("_low", np.min), ("_high", np.max))
    }


def _rates(work: Callable[[], object], amount: float) -> list[float]:
    """10⁹ units of work per second, in each part of the time."""
    work()  # the first one starts threads and touches memory
    found = []
    for _ in range(_PARTS):
        start_s, times = time.perf_counter(), 0
        while (elapsed_s := time.perf_counter() - start_s) < _PART_S:
            work()
            times += 1
        found.append(1e-9 * amount * times / elapsed_s)
    return found
