"""Uses all cores of a CPU by giving each its own rows, not by sharing out single operations."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

PART_ROWS = 32
"""Fixed, and not the rows divided by the cores, so that more cores give the same bytes."""


class ParallelRows:
    """Runs a network's inference part by part.

    Torch makes all cores wait for each other after each of some hundred short operations. On cores
    that are also decoding audio this takes four times as long as cores that meet once at the end.

    Args:
        device: Elsewhere than on a CPU everything runs in one part.
    """

    def __init__(self, device: str) -> None:
        self._on_cpu = device == "cpu"
        self._threads = torch.get_num_threads()
        self._pool = ThreadPoolExecutor(self._threads)

    def map(self, function: Callable[[Tensor], Tensor], x: Tensor, rows: int = PART_ROWS) -> Tensor:
        """What ``function``, whose rows do not influence each other, makes of all rows of ``x``."""
        if not self._on_cpu:
            return _run(function, x)
        parts = self._pool.map(
            lambda part: _run_on_one_thread(function, part), torch.split(x, rows)
        )
        result = torch.cat(list(parts))
        # What the pool's threads set for themselves torch would hand on to threads to come.
        torch.set_num_threads(self._threads)
        return result


def _run_on_one_thread(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    # Before each part, because a thread's first operation takes over whatever was set last
    # anywhere; with two threads sums round otherwise, and equal audio would give other bytes.
    torch.set_num_threads(1)
    return _run(function, x)


@torch.inference_mode()
def _run(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    return function(x)
