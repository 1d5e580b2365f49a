"""Finds what the cache lacks of a search, and keeps it there."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from fpbench.progress import Report
from fpbench.search.blocks import BlockSearch, Queries
from fpbench.search.distractors import DistractorSource
from fpbench.search.engines.engine import Block, Cell, Engine


def cut_blocks(
    searches: Sequence[BlockSearch], source: DistractorSource, edges: Sequence[int]
) -> list[Block]:
    """The blocks of a sequence, each for all searches."""
    return [Block(source, start, stop, searches) for start, stop in pairwise(edges)]


def find_missing(blocks: Sequence[Block]) -> list[Block]:
    """The blocks that are not in the cache, each with the searches that lack it."""
    lacking = (
        replace(block, searches=[one for one in block.searches if not _is_kept(block, one)])
        for block in blocks
    )
    return [block for block in lacking if block.searches]


def _is_kept(block: Block, search: BlockSearch) -> bool:
    # Read, because a damaged file is made again.
    return search.candidates.read(block.start, block.stop) is not None


def search_missing(
    missing: Sequence[Block], queries: Queries, engines: Sequence[Engine]
) -> Iterator[Cell]:
    """Ask one engine after the other for what is still missing, and keep it.

    Args:
        missing: From :func:`find_missing`.
        queries: One vector per query.
        engines: The last one finds whatever it is asked for.

    Yields:
        Each cell, when it is kept.
    """
    for engine in engines:
        if not missing:
            return
        found: set[tuple[Block, int]] = set()
        for cell in engine.search(missing, queries):
            block = cell.block
            cell.search.candidates.write(block.start, block.stop, cell.candidates)
            found.add((block, id(cell.search)))
            yield cell
        missing = _leave_out(missing, found)


def _leave_out(blocks: Sequence[Block], found: Collection[tuple[Block, int]]) -> list[Block]:
    left = [
        (block, [one for one in block.searches if (block, id(one)) not in found])
        for block in blocks
    ]
    return [replace(block, searches=searches) for block, searches in left if searches]


def fill_cache(
    blocks: Sequence[Block],
    queries: Queries,
    engines: Sequence[Engine],
    distractors: DistractorSource,
    report: Report,
) -> None:
    """Find all missing cells of some blocks, and keep them.

    Args:
        blocks: Blocks of one database.
        queries: One vector per query.
        engines: As for :func:`search_missing`.
        distractors: Those of the database, which progress counts.
        report: Receives progress.
    """
    missing = find_missing(blocks)
    total, left = _count_rows(blocks, distractors), _count_rows(missing, distractors)
    rows = sum(one.stop - one.start for one in blocks if one.source is distractors)
    for cell in search_missing(missing, queries, engines):
        if cell.block.source is distractors:
            left -= cell.block.stop - cell.block.start
        done = 1 - left / total if total else 1.0
        report(done, f"{round(done * rows):,} distractors")


def _count_rows(blocks: Sequence[Block], source: DistractorSource) -> int:
    """Rows of a source in some blocks, once for each search."""
    return sum((one.stop - one.start) * len(one.searches) for one in blocks if one.source is source)
