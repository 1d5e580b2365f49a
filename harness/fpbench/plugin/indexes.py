"""Indexes: the nearest rows of a database."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.plugin.fingerprinters import Vectors


@dataclass(frozen=True, slots=True)
class Candidates:
    """The best few of a database for each query, best first by ``key``.

    Args:
        ids: Row numbers, -1 where fewer than k were found.
        keys: What the index ranks by, smaller is better (inf where id is -1): a compressed
            squared distance, or the negated score where the index knows the exact score.
        scores: Exact float32 inner products with the uncompressed vectors (-inf where id is -1).
    """

    ids: Int64[np.ndarray, "queries k"]
    keys: Float32[np.ndarray, "queries k"]
    scores: Float32[np.ndarray, "queries k"]


@runtime_checkable
class BlockIndex(Protocol):
    """Search that decomposes: the k best of all blocks are the merge of the k best of each."""

    @property
    def kind(self) -> Literal["block"]:
        """What tells the two kinds of indexes apart."""
        ...

    @property
    def exact(self) -> bool:
        """Whether every row is compared with every query: keys are then negated exact scores."""
        ...

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        """Everything that shapes an answer, read back from the library after setting it."""
        ...

    @property
    def training_rows(self) -> int:
        """How many vectors :meth:`train` wants; 0 if it wants none."""
        ...

    def train(self, vectors: Vectors, /) -> None:
        """Learn what all blocks share (the quantiser)."""
        ...

    def search(self, queries: Vectors, block: Iterator[Vectors], k: int, /) -> Candidates:
        """The k best rows of one block, which arrives in chunks and is not kept."""
        ...


@runtime_checkable
class GrowingIndex(Protocol):
    """Search that does not decompose, such as a graph: grown in place, asked at each size."""

    @property
    def kind(self) -> Literal["growing"]:
        """What tells the two kinds of indexes apart."""
        ...

    @property
    def parameters(self) -> Mapping[str, int | float | str]: ...

    @property
    def training_rows(self) -> int: ...

    def train(self, vectors: Vectors, /) -> None: ...

    def add(self, vectors: Vectors, /) -> None:
        """Append rows; ids count up from 0 in the order of adding."""
        ...

    def search(self, queries: Vectors, k: int, /) -> Candidates:
        """The k best of all rows added so far; scores are the index's own."""
        ...


Index = BlockIndex | GrowingIndex
"""What an index entry creates; ``kind`` tells which of the two it is."""
