"""Exact search of one block: panels of queries, each on its own thread."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from fpbench import BlockIndex, Candidates, FpbenchError, Vectors
from fpbench.distractors import CHUNK
from fpbench_plugins.exact.panel import Chunk, Panel, Workspace

PANEL = {"cpu": 1_024, "cuda": 16_384}  # queries whose products are sieved together
CHUNKS_AHEAD = 2  # that threads may lag behind each other


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactConfig:
    """Nothing here changes an answer; ``sieve`` says in which arithmetic the bulk is ruled out."""

    sieve: Literal["float32", "bfloat16"] = "float32"


class ExactIndex(BlockIndex):
    """Implements :class:`fpbench.BlockIndex`; ``keys`` are negated scores."""

    training_rows = 0

    def __init__(self, config: ExactConfig, device: str) -> None:
        self._dtype = torch.bfloat16 if config.sieve == "bfloat16" else torch.float32
        self._device = torch.device(device)

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        return {"similarity": "inner product", "scores": "float32"}

    def train(self, vectors: Vectors, /) -> None:
        """Nothing to learn."""

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        finite = np.isfinite(queries).all(axis=1)
        if not finite.all():
            raise FpbenchError(
                f"query {int(np.argmin(finite))} is not finite",
                hint="check the fingerprinter it came from",
            )
        # Torch's own threads wait for each other after every product; ours take whole chunks.
        workers = torch.get_num_threads() if self._device.type == "cpu" else 1
        parts = max(workers, -(-len(queries) // PANEL[self._device.type]))
        asked = torch.from_numpy(queries).to(self._device).tensor_split(parts)
        panels = [Panel(some, k, self._dtype) for some in asked]
        with ExitStack() as stack:
            lanes = [
                (stack.enter_context(ThreadPoolExecutor(1, "sieve", _alone)), panels[i::workers])
                for i in range(workers)
            ]
            workspaces = [Workspace() for _ in lanes]
            ahead: deque[list[Future[None]]] = deque()
            for chunk in self._chunks(block):
                ahead.append(
                    [
                        lane.submit(_take, mine, chunk, workspace)
                        for (lane, mine), workspace in zip(lanes, workspaces, strict=True)
                    ]
                )
                if len(ahead) > CHUNKS_AHEAD:
                    _wait(ahead.popleft())
            for tasks in ahead:
                _wait(tasks)
        for panel in panels:
            panel.settle()
        scores = torch.cat([panel.scores for panel in panels]).cpu().numpy()
        ids = torch.cat([panel.ids for panel in panels]).cpu().numpy()
        return Candidates(ids, -scores, scores)

    def _chunks(self, block: Iterator[Vectors]) -> Iterator[Chunk]:
        first_id = 0
        for vectors in _short(block):
            rows = torch.from_numpy(vectors).to(self._device)
            longest = float(torch.linalg.vector_norm(rows, dim=1).amax()) if len(rows) else 0.0
            if not np.isfinite(longest):
                bad = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
                raise FpbenchError(
                    f"row {first_id + bad} of the block that is searched is not finite",
                    hint="check the fingerprinter or generator it came from",
                )
            yield Chunk(rows, rows.to(self._dtype), first_id, longest * 1.0001)
            first_id += len(rows)


def _alone() -> None:
    torch.set_num_threads(1)


def _take(panels: Sequence[Panel], chunk: Chunk, workspace: Workspace) -> None:
    for panel in panels:
        panel.take(chunk, workspace)


def _wait(tasks: Sequence[Future[None]]) -> None:
    for task in tasks:
        task.result()


def _short(block: Iterator[Vectors]) -> Iterator[Vectors]:
    """The same rows with no chunk longer than ``CHUNK``, which bounds the memory for products."""
    for vectors in block:
        for start in range(0, len(vectors), CHUNK):
            yield vectors[start : start + CHUNK]
