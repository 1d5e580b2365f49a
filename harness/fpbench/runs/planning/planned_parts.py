"""What a run, or one of its shards, searches of a database, for estimates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fpbench.errors import FpbenchError
from fpbench.search.engines.shards import Shard
from fpbench.search.named_indexes import NamedIndex, names_that_fill


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """What is searched of one database.

    Args:
        rows: Distractors.
        blocks: Blocks of an index, of which the reference is one.
        of_blocks: All blocks of the database.
        references: Rows of the reference by index.
        shard: The part of the blocks; None means all.
    """

    rows: int
    blocks: int
    of_blocks: int
    references: Mapping[str, int]
    shard: Shard | None


def cut_part(
    n_reference: int, edges: Sequence[int], indexes: Sequence[NamedIndex], shard: Shard | None
) -> PlannedPart:
    """What a shard searches of a database; all of it without a shard."""
    lengths = [stop - start for start, stop in pairwise(edges)]
    if shard is None:
        references = {one.name: n_reference for one in indexes}
        return PlannedPart(sum(lengths), len(edges), len(edges), references, None)
    # The blocks in the order of :func:`fpbench.search.tasks.search_blocks`.
    names = names_that_fill([one for one in indexes if one.index.kind == "block"])
    share = shard.share([*(n_reference for _ in names), *lengths])
    first = len(names)
    rows = sum(lengths[place - first] for place in share if place >= first)
    references = {names[place]: n_reference for place in share if place < first}
    return PlannedPart(rows, len(share), first + len(lengths), references, shard)


def refuse_many(shard: Shard, blocks: int) -> None:
    """Refuse more shards than blocks.

    Raises:
        FpbenchError: There are more.
    """
    if shard.of > blocks:
        raise FpbenchError(
            f"the run has {blocks} blocks, which cannot be divided into {shard.of} shards",
            hint=f"use at most {blocks} shards, or larger --sizes",
        )
