"""Search of one block by several settings of an index, which is trained and filled once for all."""

from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np

from fpbench.evidence.candidates import empty_candidates, merge_candidates
from fpbench.hashing import content_key
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.indexes import BlockIndex, Candidates, Index
from fpbench.plugin.shared_indexes import SharedBlockIndex, SharedIndex


def contents_key(index: Index, code: str) -> str | None:
    """What is equal for indexes that are the same once they are trained and filled.

    Args:
        index: An empty index.
        code: Hash of the plugin's files.

    Returns:
        None for an index that cannot share.
    """
    if not isinstance(index, SharedIndex):
        return None
    if index.kind == "block" and not isinstance(index, SharedBlockIndex):
        return None
    of_search = set(index.search_parameters)
    return content_key(
        code=code,
        kind=f"{type(index).__module__}.{type(index).__qualname__}",
        training_rows=index.training_rows,
        built={name: value for name, value in index.parameters.items() if name not in of_search},
        # A parameter that only one of them sets would keep the value of the other.
        set=sorted(of_search & index.parameters.keys()),
    )


def share_contents(index: Index, first: Index) -> None:
    """Let an index share the contents of another one; :func:`contents_key` of both is equal."""
    cast(SharedIndex, index).share(cast(SharedIndex, first))


def search_together(
    indexes: Sequence[BlockIndex], queries: Vectors, block: Iterator[Vectors], k: int
) -> list[Candidates]:
    """The k best rows of one block by each of several indexes that share their contents.

    Args:
        indexes: One, of any kind; or several that implement
            :class:`fpbench.plugin.shared_indexes.SharedBlockIndex` and share.
        queries: One vector per query.
        block: The rows of the block, in chunks.
        k: Candidates per query.
    """
    if len(indexes) == 1:
        return [indexes[0].search(queries, block, k)]
    settings = [cast(SharedBlockIndex, index) for index in indexes]
    best = [empty_candidates(len(queries), k)] * len(settings)
    first_id = 0
    for rows in settings[0].fill(block):
        for place, index in enumerate(settings):
            found = index.search_filled(queries, k)
            ids = np.where(found.ids < 0, -1, found.ids + first_id)
            best[place] = merge_candidates(best[place], Candidates(ids, found.keys, found.scores))
        first_id += rows
    return best
