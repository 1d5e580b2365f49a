"""Sequence search with an index of single fingerprints, as published."""

import math
from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import Float32

from fpbench.evidence.candidates import k_smallest, no_candidates
from fpbench.inner_products import products_at
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.indexes import BlockIndex, Candidates

PIECE_BYTES = 256 << 20  # of runs that are held at once


class ByPosition(BlockIndex):
    """Finds runs of fingerprints: each fingerprint of a query proposes some, all are scored whole.

    The j-th fingerprint of a query is looked up among the j-th ones of all runs. That is the same
    as looking it up among all fingerprints and taking the run that began j before what was found.
    Row ``i * length + j`` of an answer is what fingerprint j of query i proposes: keys are those of
    single fingerprints, scores those of whole runs.

    Args:
        index: Of single fingerprints.
        length: Fingerprints in a run; runs come side by side (:mod:`fpbench.sequences`).

    Source: Chang et al. 2021, section 3.3, and the evaluation script that the NAFP family shares.
    """

    def __init__(self, index: BlockIndex, length: int) -> None:
        self._index = index
        self.length = length

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        return self._index.parameters

    @property
    def training_rows(self) -> int:
        return self._index.training_rows

    def train(self, vectors: Vectors, /) -> None:
        self._index.train(self._at(0, vectors))

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        best = [no_candidates(len(queries), k)] * self.length
        first_id = 0
        for runs in _pieces(block):
            for j in range(self.length):
                single = iter([self._at(j, runs)])
                found = self._index.search(self._at(j, queries), single, k)
                scores = products_at(queries, runs, found.ids)
                ids = np.where(found.ids < 0, -1, found.ids + first_id)
                best[j] = k_smallest(best[j], Candidates(ids, found.keys, scores))
            first_id += len(runs)
        return Candidates(
            *(
                np.stack(parts, axis=1).reshape(-1, k)
                for parts in zip(*((c.ids, c.keys, c.scores) for c in best), strict=True)
            )
        )

    def _at(
        self, j: int, runs: Float32[np.ndarray, "runs longer"]
    ) -> Float32[np.ndarray, "runs dim"]:
        """The j-th fingerprints of runs, as long as they were before they stood side by side."""
        dim = runs.shape[1] // self.length
        return runs[:, j * dim : (j + 1) * dim] * np.float32(math.sqrt(self.length))


def _pieces(block: Iterator[Vectors]) -> Iterator[Vectors]:
    held: list[Vectors] = []
    for chunk in block:
        if held and sum(part.nbytes for part in held) + chunk.nbytes > PIECE_BYTES:
            yield np.concatenate(held)
            held = []
        held.append(chunk)
    if held:
        yield np.concatenate(held)
