"""Queries of several fingerprints: exact search for a run is exact search for one long vector."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float32, Int64

from fpbench.evidence.candidates import empty_candidates, merge_candidates
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.indexes import BlockIndex, Candidates
from fpbench.search.scores import products_at

PIECE_BYTES = 256 << 20  # of runs that are held at once


class PositionwiseIndex(BlockIndex):
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

    kind: Final = "block"

    def __init__(self, index: BlockIndex, length: int) -> None:
        self._index = index
        self.length = length

    @property
    def exact(self) -> bool:
        return False

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        return self._index.parameters

    @property
    def training_rows(self) -> int:
        return self._index.training_rows

    def train(self, vectors: Vectors, /) -> None:
        self._index.train(self._at(0, vectors))

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        best = [empty_candidates(len(queries), k)] * self.length
        first_id = 0
        for runs in _pieces(block):
            for j in range(self.length):
                single = iter([self._at(j, runs)])
                found = self._index.search(self._at(j, queries), single, k)
                scores = products_at(queries, runs, found.ids)
                ids = np.where(found.ids < 0, -1, found.ids + first_id)
                best[j] = merge_candidates(best[j], Candidates(ids, found.keys, scores))
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


class Runs:
    """Runs of consecutive fingerprints, each read as one long vector when it is asked for.

    The score of a run is the mean of the inner products of its rows (Chang et al. 2021). Rows side
    by side, divided by the square root of their number, have just that inner product, and length 1
    if the rows do.

    Args:
        vectors: May be a memory map; only the rows of wanted runs are read.
        starts: The first row of each run.
        length: Rows in a run.
    """

    def __init__(
        self,
        vectors: Float32[np.ndarray, "rows dim"],
        starts: Int64[np.ndarray, " runs"],
        length: int,
    ) -> None:
        self._vectors = vectors
        self._starts = starts
        self._length = length

    @property
    def shape(self) -> tuple[int, int]:
        """Number of runs, and the length of their vectors."""
        return len(self._starts), self._length * self._vectors.shape[1]

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, which: Any) -> Vectors:
        """Some runs: what NumPy takes as an index of one axis."""
        starts = self._starts[which]
        rows = starts[:, None] + np.arange(self._length)
        return concatenate_runs(self._vectors[rows])


Rows = Float32[np.ndarray, "rows dim"] | Runs


def concatenate_runs(
    runs: Float32[np.ndarray, "runs length dim"],
) -> Float32[np.ndarray, "runs longer"]:
    """Each run as one vector whose inner product with another is their mean score."""
    n, length, dim = runs.shape
    return runs.reshape(n, length * dim) * np.float32(1 / math.sqrt(length))


def run_starts(
    track: Int64[np.ndarray, " rows"], usable: Bool[np.ndarray, " rows"], length: int
) -> Int64[np.ndarray, " runs"]:
    """Rows at which a run within one track begins, all of whose rows are usable.

    Args:
        track: Of each row; rows of a track stand together, in order of time.
        usable: Rows that are not, silent ones for example, break runs.
        length: Rows in a run.
    """
    last = len(track) - length + 1
    if last <= 0:
        return np.zeros(0, dtype=np.int64)
    unusable = np.concatenate([[0], np.cumsum(~usable)])
    whole = unusable[length:] == unusable[:last]
    return np.flatnonzero(whole & (track[:last] == track[length - 1 :]))
