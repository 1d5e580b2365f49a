"""Many GPU operations, launched together as one CUDA graph."""

from collections.abc import Callable
from threading import Lock

import torch
from jaxtyping import Float32
from torch import Tensor

Work = Callable[[Float32[Tensor, "rows dim"]], Float32[Tensor, "rows dim"]]


class CudaGraphs:
    """Runs the same work for several threads at once, each on its own CUDA stream.

    A flow of 32 steps has about 2 000 operations of 50 microseconds. Python would take longer to
    launch them than the GPU takes to run them, so they are recorded once and launched together.
    With two streams, one thread draws and copies noise while the GPU computes for the other, and
    multiprocessors that are idle during the last tiles of a product have work.

    Args:
        work: Depends on its argument only, and does not change it.
        rows: Number of rows that ``work`` always gets; smaller batches are padded.
        dim: Number of columns that ``work`` gets.
    """

    def __init__(self, work: Work, rows: int, dim: int) -> None:
        self._work, self._shape = work, (rows, dim)
        self._idle: list[_CudaGraph] = []
        self._lock = Lock()

    @torch.inference_mode()
    def run(self, x: Float32[Tensor, "batch dim"]) -> Float32[Tensor, "batch dim"]:
        """Apply ``work`` to at most ``rows`` rows. Argument and result are on the CPU."""
        with self._lock:
            # The lock also covers recording, because torch records one graph at a time.
            graph = self._idle.pop() if self._idle else _CudaGraph(self._work, self._shape)
        try:
            return graph.run(x)
        finally:
            self._idle.append(graph)


class _CudaGraph:
    def __init__(self, work: Work, shape: tuple[int, int]) -> None:
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self._stream.wait_stream(torch.cuda.current_stream())  # which copied the weights
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.stream(self._stream):
            self._input = torch.zeros(shape, device="cuda")
            for _ in range(2):  # compiles, which cannot be recorded
                work(self._input)
        # thread_local: CUDA calls of other threads do not disturb the recording.
        with torch.cuda.graph(self._graph, stream=self._stream, capture_error_mode="thread_local"):
            self._output = work(self._input)

    def run(self, x: Float32[Tensor, "batch dim"]) -> Float32[Tensor, "batch dim"]:
        with torch.cuda.stream(self._stream):
            self._input[: len(x)].copy_(x)
            self._graph.replay()
            return self._output[: len(x)].cpu()
