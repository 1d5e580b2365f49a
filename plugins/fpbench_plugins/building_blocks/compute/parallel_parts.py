"""Uses all cores of a CPU for parts of a batch that are made while others are computed."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor


class ParallelParts:
    """Runs inference on parts of a batch, each on one of as many threads as torch has.

    The caller decides on the parts, so that the number of cores does not change results.
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
    # Set before each part, because a thread's first operation takes the number that was set last
    # in any thread. With two threads, sums are rounded differently and bytes would change.
    torch.set_num_threads(1)
    result.copy_(function(part))
