"""Sequences of distractors, of which any part can be drawn, and their division into blocks.

Row i of a sequence depends on the seed and on i alone: not on the sizes of the run, on the edges of
blocks or on earlier draws.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int64

from fpbench.errors import FpbenchError
from fpbench.plugin.checked import draw_checked
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.generators import FingerprintGenerator, Noise, draw_noise
from fpbench.prefetch import map_ahead
from fpbench.randomness import Stream, rng_at
from fpbench.search.sequences import Rows

CHUNK = 10_000  # rows drawn at one address

CHUNKS_AT_ONCE = {"cpu": 1, "cuda": 2}  # by device; the cores of a CPU share the work on one chunk


@runtime_checkable
class DistractorSource(Protocol):
    """A numbered sequence of distractors."""

    @property
    def rows_available(self) -> int | None:
        """Length of the sequence; None if it is endless."""
        ...

    def rows(self, start: int, stop: int) -> Iterator[Vectors]:
        """Rows [start, stop), in pieces that end at multiples of ``CHUNK``."""
        ...


class ChunksAhead:
    """The chunks of a sequence, of which some are drawn at the same time.

    Args:
        draw: Draws a chunk by its number.
        at_once: Number of chunks to draw at the same time, each in a thread: the chunk that is
            read and those after it. This keeps a GPU busy while the next noise is made.
    """

    def __init__(self, draw: Callable[[int], Rows], at_once: int) -> None:
        self._draw, self._at_once = draw, at_once
        self._workers = ThreadPoolExecutor(at_once) if at_once > 1 else None
        self._draws: dict[int, Callable[[], Rows]] = {}

    def rows(self, start: int, stop: int) -> Iterator[Vectors]:
        """Rows [start, stop), in pieces that end at multiples of ``CHUNK``."""
        for number, first, last in _chunk_pieces(start, stop):
            yield self._chunk(number)[first:last]

    def _chunk(self, number: int) -> Rows:
        # Draws are kept, because small blocks read one chunk in several parts.
        numbers = range(number, number + self._at_once)
        self._draws = {n: self._draws.get(n) or self._start_draw(n) for n in numbers}
        return self._draws[number]()

    def _start_draw(self, number: int) -> Callable[[], Rows]:
        if self._workers is not None:
            return self._workers.submit(self._draw, number).result
        chunk = self._draw(number)
        return lambda: chunk


class SyntheticDistractors:
    """Distractors from a generator: chunk c is the draw at address (seed, repeat, c).

    Args:
        generator: The generator that draws them.
        name: Name of the generator in errors.
        seed: Seed of every draw.
        repeat: Another number gives another, independent sequence.
        at_once: Number of chunks to draw at the same time, see :class:`ChunksAhead`.
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
        self._chunks = ChunksAhead(self._draw, at_once)

    @property
    def rows_available(self) -> None:
        return None

    def rows(self, start: int, stop: int) -> Iterator[Vectors]:
        return self._chunks.rows(start, stop)

    def noise(self, rows: Int64[np.ndarray, " rows"], noise_dim: int) -> Noise:
        """The noise of some rows, if the generator is a :class:`fpbench.NoiseGenerator`.

        All noise of their chunks is drawn again, but nothing is decoded.

        Args:
            rows: Numbers of the rows, in any order.
            noise_dim: As the generator has it.
        """
        found = np.empty((len(rows), noise_dim), dtype=np.float32)
        order = np.argsort(rows, kind="stable")
        numbers, starts = np.unique(rows[order] // CHUNK, return_index=True)

        def pick(number: int, places: Int64[np.ndarray, " places"]) -> None:
            noise = draw_noise(CHUNK, noise_dim, self._rng(number))
            found[places] = noise[rows[places] - number * CHUNK]

        for _ in map_ahead(
            lambda one: pick(*one), zip(numbers.tolist(), np.split(order, starts[1:]), strict=True)
        ):
            pass
        return found

    def _draw(self, number: int) -> Vectors:
        return draw_checked(self._generator, self._name, CHUNK, self._rng(number))

    def _rng(self, number: int) -> np.random.Generator:
        return rng_at(self._seed, Stream.DISTRACTOR_CHUNK, self._repeat, number)


class RealDistractors:
    """Fingerprints of real audio, in a random order over all tracks.

    Args:
        vectors: All real distractors; may be a memory map, of which only the rows in use are read.
        seed: Seed of the order.
        repeat: Another number gives another order of the same rows.
    """

    def __init__(self, vectors: Rows, seed: int, repeat: int = 0) -> None:
        self._vectors = vectors
        self._order = rng_at(seed, Stream.REAL_ORDER, repeat).permutation(len(vectors))

    @property
    def rows_available(self) -> int:
        return len(self._order)

    def in_order(self, of_rows: Int64[np.ndarray, " rows"]) -> Int64[np.ndarray, " rows"]:
        """What is known of each distractor, in the order of the sequence."""
        ordered: Int64[np.ndarray, " rows"] = of_rows[self._order]
        return ordered

    def rows(self, start: int, stop: int) -> Iterator[Vectors]:
        if stop > len(self._order):
            raise FpbenchError(
                f"{stop} real distractors are wanted, but there are {len(self._order)}",
                hint="choose smaller sizes, add audio, or use synthetic distractors",
            )
        for chunk, first, last in _chunk_pieces(start, stop):
            numbers = self._order[chunk * CHUNK + first : chunk * CHUNK + last]
            # Rows are read in the order of the file, so that a disk reads from front to back.
            by_number = np.argsort(numbers)
            rows = np.empty((len(numbers), self._vectors.shape[1]), dtype=np.float32)
            rows[by_number] = self._vectors[numbers[by_number]]
            yield rows


def _chunk_pieces(start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """The chunks that cover [start, stop): number, first row and stop within the chunk."""
    for chunk in range(start // CHUNK, -(-stop // CHUNK)):
        yield chunk, max(start - chunk * CHUNK, 0), min(stop - chunk * CHUNK, CHUNK)
