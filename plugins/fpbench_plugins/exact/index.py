"""Exact search of one block: panels of queries, each on its own thread."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Literal

import numpy as np
import torch

from fpbench import BlockIndex, Candidates, FpbenchError, Vectors
from fpbench.distractors import CHUNK
from fpbench_plugins.exact.panel import Chunk, Panel, Workspace

PANEL = {"cpu": 1_024, "cuda": 16_384}  # queries whose products are sieved together


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
        # Torch's own threads wait for each other after every product; ours once in a chunk.
        workers = torch.get_num_threads() if self._device.type == "cpu" else 1
        parts = max(workers, -(-len(queries) // PANEL[self._device.type]))
        panels = [
            Panel(some, k, self._dtype)
            for some in torch.from_numpy(queries).to(self._device).tensor_split(parts)
        ]
        free: SimpleQueue[Workspace] = SimpleQueue()
        for _ in range(workers):
            free.put(Workspace())

        def take(panel: Panel, chunk: Chunk) -> None:
            workspace = free.get()
            panel.take(chunk, workspace)
            free.put(workspace)

        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            waiting: list[Future[None]] = []
            for chunk in self._chunks(block):
                for done in waiting:
                    done.result()
                waiting = [pool.submit(take, panel, chunk) for panel in panels]
            for done in waiting:
                done.result()
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


def _short(block: Iterator[Vectors]) -> Iterator[Vectors]:
    """The same rows with no chunk longer than ``CHUNK``, which bounds the memory for products."""
    for vectors in block:
        for start in range(0, len(vectors), CHUNK):
            yield vectors[start : start + CHUNK]
