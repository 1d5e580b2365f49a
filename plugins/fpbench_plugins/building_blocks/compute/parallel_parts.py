"""Uses all cores of a CPU for parts of a batch that are made while others are computed."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from fpbench_plugins.building_blocks.compute.one_thread import use_one_thread


class ParallelParts:
    """Runs inference on parts of a batch, each on one of as many threads as torch has.

    The caller decides on the parts, so that the number of cores does not change results. Several
    threads may call it at once.
    """

    def __init__(self) -> None:
        self._threads = torch.get_num_threads()
        self._pool = ThreadPoolExecutor(self._threads)

    def map_into(
        self,
        function: Callable[[Tensor], Tensor],
        parts: Iterable[Tensor],
        results: Iterable[Tensor],
    ) -> None:
        """Apply ``function`` to each part, and write to the tensor of ``results`` in its place.

        A part is started as soon as ``parts`` yields it, while this thread makes the next one.
        """
        started = [
            self._pool.submit(_write, function, part, result)
            for part, result in zip(parts, results, strict=True)
        ]
        for one in started:
            one.result()
        # Otherwise new threads of torch would start with the setting of the pool's threads.
        torch.set_num_threads(self._threads)


@torch.inference_mode()
def _write(function: Callable[[Tensor], Tensor], part: Tensor, result: Tensor) -> None:
    use_one_thread()
    result.copy_(function(part))
