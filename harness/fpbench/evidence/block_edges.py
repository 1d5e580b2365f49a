"""Where the blocks of a search begin and end."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

LONGEST_BLOCK = 1_000_000  # rows


def block_edges(sizes: Sequence[int]) -> list[int]:
    """Edges of the blocks, from 0: one at every size, and more of them for repeats.

    Disjoint ranges of blocks are independent databases, so small sizes need small blocks. Blocks
    end at multiples of a length that grows with the distance p from the start: the largest size
    that divides the last size and is at most p, but at least p/10 and at most a million rows. Near
    the start it is the smallest size that divides another one. Sizes 1e4, 1e5 ... 1e8 give 118
    blocks, and ten disjoint repeats of each of the smallest three sizes; more repeats would say
    little more, because databases of one size differ much less than queries do, and would make the
    evidence several times as large.

    Raises:
        ValueError: There is no size, or one is below 1.
    """
    if not sizes or min(sizes) < 1:
        raise ValueError("there must be a size, and every size must be at least 1")
    ascending = sorted(set(sizes))
    # A size between round ones, such as the number of real distractors, is an edge but no length.
    divisors = [size for size in ascending if any(n % size == 0 for n in ascending if n > size)]
    shortest = divisors[0] if divisors else ascending[0]
    lengths = [shortest, *(n for n in ascending if n > shortest and ascending[-1] % n == 0)]
    edges = [0]
    while edges[-1] < ascending[-1]:
        p = edges[-1]
        largest = bisect_right(lengths, max(lengths[0], p)) - 1
        length = min(max(lengths[largest], p // 10), LONGEST_BLOCK)
        next_size = ascending[bisect_left(ascending, p + 1)]
        edges.append(min(p - p % length + length, next_size))
    return edges


_FEWEST_PARTS = 10  # blocks that a tail starts from
_LEAST_PART = 20  # rows: as many as a block has candidates


def search_edges(sizes: Sequence[int], *, beyond: bool) -> list[int]:
    """Edges of the blocks of a search.

    Args:
        sizes: Sizes of its curves, at least one.
        beyond: Whether its curves go on beyond them. The tail that they go on with starts from the
            best rows of each block, and is checked with databases of a tenth of the largest size;
            where the sizes alone give few blocks, there are about ten.
    """
    edges, largest = block_edges(sizes), max(sizes)
    tenths = [edge for edge in edges if largest / 20 < edge <= largest / 10]
    if not beyond or (tenths and len(edges) > _FEWEST_PARTS):
        return edges
    part = max(largest // 10, _LEAST_PART)
    return block_edges(sorted({*sizes, part})) if part < largest else edges
