"""A long chain of operations on a GPU, launched as one."""

from collections.abc import Callable
from threading import Lock

import torch
from jaxtyping import Float32
from torch import Tensor

Work = Callable[[Float32[Tensor, "rows dim"]], Float32[Tensor, "rows dim"]]


class CudaGraphs:
    """Runs the same work for several threads at once, each on a CUDA stream of its own.

    A flow of 32 steps is some 2 000 operations of 50 microseconds, and Python would take longer to
    launch them than the GPU to do them; recorded once, they are launched together. With two
    streams one thread's noise is drawn and copied while the other's is computed with, and the few
    multiprocessors that the last tiles of a product leave idle find something to do.

    Args:
        work: Depends on nothing but its argument, which it leaves alone.
        rows: Of its argument, always: fewer are filled up.
        dim: Of its argument.
    """

    def __init__(self, work: Work, rows: int, dim: int) -> None:
        self._work, self._shape = work, (rows, dim)
        self._idle: list[_CudaGraph] = []
        self._lock = Lock()

    @torch.inference_mode()
    def run(self, x: Float32[Tensor, "batch dim"]) -> Float32[Tensor, "batch dim"]:
        """What ``work`` makes of at most ``rows`` rows, from the CPU and back to it."""
        with self._lock:
            # Recording under the lock, too: torch records one graph at a time.
            graph = self._idle.pop() if self._idle else _CudaGraph(self._work, self._shape)
        try:
            return graph.run(x)
        finally:
            self._idle.append(graph)


class _CudaGraph:
    def __init__(self, work: Work, shape: tuple[int, int]) -> None:
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self._stream.wait_stream(torch.cuda.current_stream())  # which weights came on
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.stream(self._stream):
            self._given = torch.zeros(shape, device="cuda")
            for _ in range(2):  # compiles what is compiled, which cannot be recorded
                work(self._given)
        # The other threads' calls are none of this recording's business.
        with torch.cuda.graph(self._graph, stream=self._stream, capture_error_mode="thread_local"):
            self._made = work(self._given)

    def run(self, x: Float32[Tensor, "batch dim"]) -> Float32[Tensor, "batch dim"]:
        with torch.cuda.stream(self._stream):
            self._given[: len(x)].copy_(x)
            self._graph.replay()
            return self._made[: len(x)].cpu()
