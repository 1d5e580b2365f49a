"""Exact search of one block. The queries are split into panels, which threads share."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

import numpy as np
import torch

from fpbench import BlockIndex, Candidates, FpbenchError, Vectors
from fpbench.search.distractors import CHUNK
from fpbench_plugins.building_blocks.compute.one_thread import use_one_thread
from fpbench_plugins.building_blocks.compute.sieve import Workspace
from fpbench_plugins.exact.panel import Chunk, Panel

# Queries in a panel: the fastest sizes with AVX2, with AMX and on an H200.
CPU_PANEL_QUERIES = {torch.float32: 1_024, torch.bfloat16: 512}
GPU_PANEL_QUERIES = 16_384
CHUNKS_AT_ONCE = 2  # multiplied together, because each product has a fixed cost
CHUNKS_AHEAD = 2  # by which one thread may be ahead of another


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactConfig:
    """Settings of exact search. They change its speed, never its results.

    Args:
        sieve: The dtype of the products that rule out most rows. ``create`` chooses the fastest
            one of the device.
    """

    sieve: Literal["float32", "bfloat16"] = "float32"


class ExactIndex(BlockIndex):
    """Implements :class:`fpbench.BlockIndex`. Its ``keys`` are negative scores."""

    kind: Final = "block"
    exact = True
    training_rows = 0

    def __init__(self, config: ExactConfig, device: str) -> None:
        self._dtype = torch.bfloat16 if config.sieve == "bfloat16" else torch.float32
        self._device = torch.device(device)
        self._kept: list[Chunk] = []

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        return {"similarity": "inner product", "scores": "float32"}

    def train(self, vectors: Vectors, /) -> None:
        """Do nothing: exact search is not trained."""

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        finite = np.isfinite(queries).all(axis=1)
        if not finite.all():
            raise FpbenchError(
                f"query {int(np.argmin(finite))} is not finite",
                hint="check the fingerprinter that made it",
            )
        workers = self._workers()
        panels = self._panels(queries, k, workers)
        self._scan(block, panels, workers)
        return _candidates(panels)

    def keep(self, rows: Iterator[Vectors], /) -> None:
        self._kept, first_id = [], 0
        for vectors in _regroup(rows):
            self._kept.append(self._prepare_chunk(vectors, first_id))
            first_id += len(vectors)

    def bytes_per_fingerprint(self) -> float:
        """Those of float32, without the rounded copy of the sieve."""
        return 4.0 * self._kept[0].rows.shape[1]

    def search_kept(self, queries: Vectors, k: int, /) -> Candidates:
        workers = min(self._workers(), len(queries))
        panels = self._panels(queries, k, workers)
        with ThreadPoolExecutor(workers, "sieve", _start_thread, (self._device,)) as pool:
            _wait([pool.submit(_take_all, panels[i::workers], self._kept) for i in range(workers)])
        return _candidates(panels)

    def _workers(self) -> int:
        # Torch's own threads wait for each other in every operation. Ours work on whole chunks.
        return torch.get_num_threads() if self._device.type == "cpu" else 1

    def _panels(self, queries: Vectors, k: int, workers: int) -> list[Panel]:
        on_cpu = self._device.type == "cpu"
        at_once = CPU_PANEL_QUERIES[self._dtype] if on_cpu else GPU_PANEL_QUERIES
        parts = max(workers, -(-len(queries) // at_once))
        parts_of_queries = torch.from_numpy(queries).to(self._device).tensor_split(parts)
        return [Panel(part, k, self._dtype) for part in parts_of_queries]

    def _scan(self, block: Iterator[Vectors], panels: Sequence[Panel], workers: int) -> None:
        """Let each panel see all rows. Each worker has its own panels; one thread prepares rows."""
        with ExitStack() as stack:
            threads = [
                stack.enter_context(ThreadPoolExecutor(1, "sieve", _start_thread, (self._device,)))
                for _ in range(workers + 1)
            ]
            workspaces = [Workspace() for _ in range(workers)]
            waiting: deque[list[Future[None]]] = deque()
            first_id = 0
            for vectors in _regroup(block, CHUNKS_AHEAD + 1):
                chunk = threads[-1].submit(self._prepare_chunk, vectors, first_id)
                waiting.append(
                    [
                        threads[i].submit(_take_chunk, panels[i::workers], chunk, workspaces[i])
                        for i in range(workers)
                    ]
                )
                if len(waiting) > CHUNKS_AHEAD:
                    _wait(waiting.popleft())
                first_id += len(vectors)
            for tasks in waiting:
                _wait(tasks)
        for panel in panels:
            panel.merge_waiting()

    def _prepare_chunk(self, vectors: Vectors, first_id: int) -> Chunk:
        rows = torch.from_numpy(vectors).to(self._device)
        longest = float(torch.linalg.vector_norm(rows, dim=1).amax()) if len(rows) else 0.0
        if not np.isfinite(longest):
            bad = int(np.argmin(np.isfinite(vectors).all(axis=1)))
            raise FpbenchError(
                f"row {first_id + bad} of the database block is not finite",
                hint="check the fingerprinter or generator that made it",
            )
        return Chunk(rows, rows.to(self._dtype), first_id, longest * 1.0001)


def _start_thread(device: torch.device) -> None:
    use_one_thread()
    if device.type == "cuda":
        torch.zeros(1, device=device)  # starts CUDA in this thread; without it cuBLAS warns


def _take_chunk(panels: Sequence[Panel], chunk: Future[Chunk], workspace: Workspace) -> None:
    for panel in panels:
        panel.add(chunk.result(), workspace)


def _take_all(panels: Sequence[Panel], chunks: Sequence[Chunk]) -> None:
    workspace = Workspace()
    for chunk in chunks:
        for panel in panels:
            panel.add(chunk, workspace)
    for panel in panels:
        panel.merge_waiting()


def _candidates(panels: Sequence[Panel]) -> Candidates:
    scores = torch.cat([panel.scores for panel in panels]).cpu().numpy()
    ids = torch.cat([panel.ids for panel in panels]).cpu().numpy()
    return Candidates(ids, -scores, scores)


def _wait(tasks: Sequence[Future[None]]) -> None:
    for task in tasks:
        task.result()


def _regroup(block: Iterator[Vectors], in_use: int | None = None) -> Iterator[Vectors]:
    """Join ``CHUNKS_AT_ONCE`` chunks at a time, after cutting long ones to ``CHUNK`` rows.

    The cut bounds the memory that products take.

    Args:
        block: The chunks.
        in_use: How many results, with the next one, the caller uses at a time. Memory of older ones
            is used again, because writing to new memory takes several times as long. None means
            that the caller keeps all.
    """
    chunks = (
        vectors[start : start + CHUNK]
        for vectors in block
        for start in range(0, len(vectors), CHUNK)
    )
    older: deque[Vectors] = deque()
    while some := list(islice(chunks, CHUNKS_AT_ONCE)):
        if len(older) == in_use:
            joined = older.popleft()
        else:
            joined = np.empty((CHUNKS_AT_ONCE * CHUNK, some[0].shape[1]), dtype=np.float32)
        if in_use is not None:
            older.append(joined)
        yield np.concatenate(some, out=joined[: sum(map(len, some))])
