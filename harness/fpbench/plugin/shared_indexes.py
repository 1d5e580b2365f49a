"""Indexes of which several settings share what is trained and filled."""

from collections.abc import Collection, Iterator
from typing import Any, Protocol, runtime_checkable

from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.indexes import Candidates


@runtime_checkable
class SharedIndex(Protocol):
    """An index of which several settings are searched in one run; optional.

    Two indexes of one plugin and class, whose parameters differ in ``search_parameters`` alone,
    become the same when they are trained and filled. The run does that once, and searches with each
    of them. Candidates are those of separate indexes.
    """

    @property
    def search_parameters(self) -> Collection[str]:
        """Names of the parameters that only a search reads, such as ``nprobe``."""
        ...

    def share(self, other: Any, /) -> None:
        """Have the same rows as another index of this class: what is done to one, both have."""
        ...


@runtime_checkable
class SharedBlockIndex(SharedIndex, Protocol):
    """A :class:`fpbench.BlockIndex` that several settings share; optional."""

    def fill(self, block: Iterator[Vectors], /) -> Iterator[int]:
        """Hold the rows of a block, or as many as fit at once, then the next ones.

        Yields:
            Number of rows that are held now.
        """
        ...

    def search_filled(self, queries: Vectors, k: int, /) -> Candidates:
        """Return the k best of the rows that are held, as ``search`` would; ids count from 0."""
        ...
