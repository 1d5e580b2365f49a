"""Queries of several fingerprints: exact search for a run is exact search for one long vector."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int64

from fpbench.evidence.candidates import empty_candidates, merge_candidates
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.indexes import BlockIndex, Candidates
from fpbench.search.scores import products_at

PIECE_BYTES = 256 << 20  # of runs that are in memory at once


class PositionwiseIndex(BlockIndex):
    """Searches runs: each fingerprint of a query proposes runs, and whole runs are scored.

    The j-th fingerprint of a query is searched among the j-th fingerprints of all runs. That is the
    same as searching all fingerprints and taking the run that begins j rows before each candidate.
    Row ``i * length + j`` of the candidates belongs to fingerprint j of query i. Its keys are those
    of single fingerprints, its scores are those of whole runs.

    Args:
        index: An index of single fingerprints.
        length: Fingerprints in a run; queries and rows are runs as :class:`Runs` gives them.

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
                near = self._index.search(self._at(j, queries), single, k)
                scores = products_at(queries, runs, near.ids)
                ids = np.where(near.ids < 0, -1, near.ids + first_id)
                best[j] = merge_candidates(best[j], Candidates(ids, near.keys, scores))
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
        """The j-th fingerprint of each run, with its original norm."""
        dim = runs.shape[1] // self.length
        return runs[:, j * dim : (j + 1) * dim] * np.float32(math.sqrt(self.length))


def _pieces(block: Iterator[Vectors]) -> Iterator[Vectors]:
    piece: list[Vectors] = []
    for chunk in block:
        if piece and sum(part.nbytes for part in piece) + chunk.nbytes > PIECE_BYTES:
            yield np.concatenate(piece)
            piece = []
        piece.append(chunk)
    if piece:
        yield np.concatenate(piece)


class Runs:
    """Runs of consecutive fingerprints; indexing reads each run as one long vector.

    The score of a run is the mean of the inner products of its rows (Chang et al. 2021). The
    concatenated rows, divided by the square root of their number, have exactly that inner product.
    Their norm is 1 if the norm of each row is 1.

    Args:
        vectors: May be a memory map; only the rows of the indexed runs are read.
        starts: The first row of each run, ascending.
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
        """Number of runs, and dimensions of their vectors."""
        return len(self._starts), self._length * self._vectors.shape[1]

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, which: Any) -> Vectors:
        """The runs at an index that NumPy accepts for one axis."""
        starts = self._starts[which]
        rows = starts[:, None] + np.arange(self._length)
        return concatenate_runs(self._vectors[rows])

    def single(self) -> "SingleRows":
        """The fingerprints of all runs, each once."""
        offsets = np.arange(self._length)
        row = np.unique(self._starts[:, None] + offsets)
        run = np.searchsorted(self._starts, row, side="right") - 1
        every = len(row) == len(self._vectors)
        return SingleRows(self._vectors if every else self._vectors[row], row, run)


class SingleRows(NamedTuple):
    """Fingerprints without regard to queries of several.

    Args:
        vectors: The fingerprints.
        row: Number of each among all, also those that are not used.
        run: A run, or a row of the database, that each is part of.
    """

    vectors: Vectors
    row: Int64[np.ndarray, " rows"]
    run: Int64[np.ndarray, " rows"]


Rows = Float32[np.ndarray, "rows dim"] | Runs


def concatenate_runs(
    runs: Float32[np.ndarray, "runs length dim"],
) -> Float32[np.ndarray, "runs longer"]:
    """Each run as one vector, so that the inner product of two vectors is the score of two runs."""
    n, length, dim = runs.shape
    return runs.reshape(n, length * dim) * np.float32(1 / math.sqrt(length))


def run_starts(
    track: Int64[np.ndarray, " rows"], usable: Bool[np.ndarray, " rows"], length: int
) -> Int64[np.ndarray, " runs"]:
    """First rows of the runs that lie within one track and have only usable rows.

    Args:
        track: Track of each row; the rows of a track are adjacent and in order of time.
        usable: Whether a row may be part of a run; a silent row, for example, may not.
        length: Rows in a run.
    """
    last = len(track) - length + 1
    if last <= 0:
        return np.zeros(0, dtype=np.int64)
    unusable = np.concatenate([[0], np.cumsum(~usable)])
    whole = unusable[length:] == unusable[:last]
    return np.flatnonzero(whole & (track[:last] == track[length - 1 :]))


def select_runs(
    vectors: Float32[np.ndarray, "all dim"], starts: Int64[np.ndarray, " rows"], length: int
) -> Rows:
    """The runs that begin at ``starts``; the memory map itself if these are all of its rows."""
    if length > 1:
        return Runs(vectors, starts, length)
    return vectors if len(starts) == len(vectors) else vectors[starts]
