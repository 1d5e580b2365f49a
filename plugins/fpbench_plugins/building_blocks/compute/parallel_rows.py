"""Uses all cores of a CPU by giving each core its own rows of the batch."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from fpbench_plugins.building_blocks.compute.one_thread import use_one_thread

PART_ROWS = 32
"""Rows in a part. Fixed, so that the number of cores does not change results."""


class ParallelRows:
    """Runs inference on the parts of a batch in parallel.

    With torch's own threads, all cores wait for each other after each of some hundred short
    operations. On cores that also decode audio, this takes four times as long as waiting once, at
    the end.

    Args:
        device: On other devices than ``cpu``, everything runs in one part.
    """

    def __init__(self, device: str) -> None:
        self._on_cpu = device == "cpu"
        self._threads = torch.get_num_threads()
        self._pool = ThreadPoolExecutor(self._threads)

    def map(self, function: Callable[[Tensor], Tensor], x: Tensor, rows: int = PART_ROWS) -> Tensor:
        """Apply ``function`` to all rows of ``x``. Rows must not influence each other."""
        if not self._on_cpu:
            return _run(function, x)
        parts = self._pool.map(
            lambda part: _run_on_one_thread(function, part), torch.split(x, rows)
        )
        result = torch.cat(list(parts))
        # Otherwise new threads of torch would start with the setting of the pool's threads.
        torch.set_num_threads(self._threads)
        return result


def _run_on_one_thread(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    use_one_thread()
    return _run(function, x)


@torch.inference_mode()
def _run(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    return function(x)
