"""Indexes: search a database for the nearest rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.plugin.fingerprinters import Vectors


@dataclass(frozen=True, slots=True)
class Candidates:
    """The best k rows of a database for each query, in order of ``keys``.

    Args:
        ids: Row numbers; -1 if there are fewer than k candidates.
        keys: Ranking keys of the index, smaller is better (inf where the id is -1): compressed
            squared distances, or negated scores if the index knows the exact scores.
        scores: Exact float32 inner products with the uncompressed vectors (-inf where the id
            is -1).
    """

    ids: Int64[np.ndarray, "queries k"]
    keys: Float32[np.ndarray, "queries k"]
    scores: Float32[np.ndarray, "queries k"]


@runtime_checkable
class BlockIndex(Protocol):
    """Search that decomposes: the k best rows of all blocks are the merge of the k best of each."""

    @property
    def kind(self) -> Literal["block"]:
        """Distinguishes the two kinds of indexes."""
        ...

    @property
    def exact(self) -> bool:
        """Whether every row is compared with every query; keys are then negated exact scores."""
        ...

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        """Everything that shapes the candidates, read back from the library after it is set."""
        ...

    @property
    def training_rows(self) -> int:
        """Number of vectors that :meth:`train` needs; 0 if the index needs no training."""
        ...

    def train(self, vectors: Vectors, /) -> None:
        """Train what all blocks share (the quantiser)."""
        ...

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        """Return the k best rows of one block, which comes in chunks and is not stored."""
        ...


@runtime_checkable
class GrowingIndex(Protocol):
    """Search that does not decompose, such as a graph: it grows, and is searched at each size."""

    @property
    def kind(self) -> Literal["growing"]:
        """Distinguishes the two kinds of indexes."""
        ...

    @property
    def parameters(self) -> Mapping[str, int | float | str]: ...

    @property
    def training_rows(self) -> int: ...

    def train(self, vectors: Vectors, /) -> None: ...

    def add(self, vectors: Vectors, /) -> None:
        """Append rows; ids count from 0 in the order of all rows added."""
        ...

    def search(self, queries: Vectors, k: int, /) -> Candidates:
        """Return the k best of all rows added so far; scores are those of the index."""
        ...


Index = BlockIndex | GrowingIndex
"""Object that an index entry creates; ``kind`` distinguishes the two interfaces."""
