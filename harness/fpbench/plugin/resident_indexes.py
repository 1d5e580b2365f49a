"""Indexes that can keep rows in memory, to be timed as a service would search them."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.indexes import Candidates


@runtime_checkable
class SizedIndex(Protocol):
    """An index that knows how much memory a fingerprint takes in it; optional."""

    def bytes_per_fingerprint(self) -> float:
        """Memory of a fingerprint, with its number and links, of the rows that are there now.

        It is asked only when there are some.
        """
        ...


@runtime_checkable
class ResidentIndex(SizedIndex, Protocol):
    """A :class:`fpbench.BlockIndex` that can also keep rows and search them again; optional.

    A run searches block by block and keeps nothing, so that only such an index can be timed as it
    would serve queries. What it keeps changes no later search.
    """

    def keep(self, rows: Iterator[Vectors], /) -> None:
        """Hold these rows, and forget those of an earlier call; after :meth:`train`, if any."""
        ...

    def search_kept(self, queries: Vectors, k: int, /) -> Candidates:
        """Return the k best of the rows that are held."""
        ...
