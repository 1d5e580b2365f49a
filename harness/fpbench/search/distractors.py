"""The endless, addressed sequence of distractors, and how it is cut into blocks.

Row i of a sequence depends on the seed and on i alone: not on the sizes asked for, on where blocks
begin, or on what was drawn before.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, runtime_checkable

import numpy as np

from fpbench.errors import FpbenchError
from fpbench.plugin.checked import draw_checked
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.generators import FingerprintGenerator
from fpbench.randomness import Stream, rng_at
from fpbench.search.sequences import Rows

CHUNK = 10_000  # rows drawn at one address


LONGEST_BLOCK = 1_000_000


DRAWN_AT_ONCE = {"cpu": 1, "cuda": 2}  # chunks; a CPU's cores share the work of each


@runtime_checkable
class DistractorSource(Protocol):
    """A numbered sequence of distractors."""

    @property
    def rows_available(self) -> int | None:
        """Where the sequence ends; None if it never does."""
        ...

    def rows(self, start: int, stop: int) -> Iterator[Vectors]:
        """Rows [start, stop) in pieces that end at multiples of ``CHUNK``."""
        ...


class SyntheticDistractors:
    """What a generator draws: chunk c is the draw at address (seed, repeat, c).

    Args:
        name: What errors call the generator.
        repeat: Another number gives another, independent sequence.
        at_once: Chunks to draw at once, each in a thread: the one asked for and those after it.
            For generators on a GPU, which are kept busy while the next noise is made.
    """

    def __init__(
        self,
        generator: FingerprintGenerator,
        name: str,
        seed: int,
        repeat: int = 0,
        *,
        at_once: int = 1,
    ) -> None:
        self._generator, self._name, self._seed, self._repeat = generator, name, seed, repeat
        self._at_once = at_once
        self._workers = ThreadPoolExecutor(at_once) if at_once > 1 else None
        self._begun: dict[int, Callable[[], Vectors]] = {}

    @property
    def rows_available(self) -> None:
        return None

    def rows(self, start: int, stop: int) -> Iterator[Vectors]:
        for number, first, last in _pieces(start, stop):
            yield self._chunk(number)[first:last]

    def _chunk(self, number: int) -> Vectors:
        # Those begun are kept: small blocks are parts of one chunk, asked for one after the other.
        wanted = range(number, number + self._at_once)
        self._begun = {n: self._begun.get(n) or self._begin(n) for n in wanted}
        return self._begun[number]()

    def _begin(self, number: int) -> Callable[[], Vectors]:
        if self._workers is not None:
            return self._workers.submit(self._drawn, number).result
        vectors = self._drawn(number)
        return lambda: vectors

    def _drawn(self, number: int) -> Vectors:
        rng = rng_at(self._seed, Stream.DISTRACTOR_CHUNK, self._repeat, number)
        return draw_checked(self._generator, self._name, CHUNK, rng)


class RealDistractors:
    """Fingerprints of real audio, in a random order over all tracks.

    Args:
        vectors: All that there are; may be a memory map, of which only the wanted rows are read.
        repeat: Another number gives another order of the same rows.
    """

    def __init__(self, vectors: Rows, seed: int, repeat: int = 0) -> None:
        self._vectors = vectors
        self._order = rng_at(seed, Stream.REAL_ORDER, repeat).permutation(len(vectors))

    @property
    def rows_available(self) -> int:
        return len(self._order)

    def rows(self, start: int, stop: int) -> Iterator[Vectors]:
        if stop > len(self._order):
            raise FpbenchError(
                f"{stop} real distractors are wanted but there are {len(self._order)}",
                hint="ask for smaller sizes, more audio or synthetic distractors",
            )
        for chunk, first, last in _pieces(start, stop):
            picked = self._order[chunk * CHUNK + first : chunk * CHUNK + last]
            # In the order of the file, so that a disk is read from front to back.
            by_place = np.argsort(picked)
            rows = np.empty((len(picked), self._vectors.shape[1]), dtype=np.float32)
            rows[by_place] = self._vectors[picked[by_place]]
            yield rows


def _pieces(start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """The chunks that cover [start, stop): number, first and last row within the chunk."""
    for chunk in range(start // CHUNK, -(-stop // CHUNK)):
        yield chunk, max(start - chunk * CHUNK, 0), min(stop - chunk * CHUNK, CHUNK)


def block_edges(sizes: Sequence[int]) -> list[int]:
    """Where blocks end, beginning with 0: at every size, and often enough for repeats.

    Disjoint runs of blocks are independent databases, so small sizes want many small blocks. Blocks
    end at multiples of a length that grows with the distance p from the start: the largest size
    that divides the last one and is at most p/10, at least p/100, at most a million rows. Near the
    start it is the smallest size that divides another. Sizes 1e4, 1e5 ... 1e8 give 100 disjoint
    repeats of each of the smallest three from 280 blocks.

    Raises:
        ValueError: No sizes, or one below 1.
    """
    if not sizes or min(sizes) < 1:
        raise ValueError("sizes must be at least 1, and there must be one")
    wanted = sorted(set(sizes))
    # A size between the round ones, such as that of all real distractors, is an edge but no length.
    whole = [size for size in wanted if any(n % size == 0 for n in wanted if n > size)]
    shortest = whole[0] if whole else wanted[0]
    lengths = [shortest, *(n for n in wanted if n > shortest and wanted[-1] % n == 0)]
    edges = [0]
    while edges[-1] < wanted[-1]:
        p = edges[-1]
        fitting = bisect_right(lengths, max(lengths[0], p // 10)) - 1
        length = min(max(lengths[fitting], p // 100), LONGEST_BLOCK)
        next_size = wanted[bisect_left(wanted, p + 1)]
        edges.append(min(p - p % length + length, next_size))
    return edges
