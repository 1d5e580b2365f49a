"""Distractors for queries of several fingerprints: the runs of synthetic tracks."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int64

from fpbench.errors import FpbenchError
from fpbench.plugin.checked import draw_tracks_checked
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.generators import TrackGenerator
from fpbench.randomness import Stream, rng_at
from fpbench.search.distractors import CHUNK, ChunksAhead
from fpbench.search.sequences import Runs, run_starts


class TrackDistractors:
    """Runs of synthetic tracks: chunk c has the first runs of tracks at address (seed, repeat, c).

    A chunk has whole tracks, of kinds that are drawn at random, and so of the lengths of real ones;
    of the last track, runs beyond the chunk are left out. Tracks that are shorter than a query have
    no run, as real ones have none, and are not drawn.

    Args:
        generator: The generator that draws the tracks.
        name: Name of the generator in errors.
        seed: Seed of every draw.
        repeat: Another number gives another, independent sequence.
        length: Fingerprints in a run.
        at_once: Number of chunks to draw at the same time, see :class:`ChunksAhead`.

    Raises:
        FpbenchError: All tracks are shorter than a query.
    """

    def __init__(
        self,
        generator: TrackGenerator,
        name: str,
        seed: int,
        repeat: int = 0,
        *,
        length: int,
        at_once: int = 1,
    ) -> None:
        self._generator, self._name, self._seed, self._repeat = generator, name, seed, repeat
        self._length = length
        self._chunks = ChunksAhead(self._draw, at_once)
        longest = int(generator.track_lengths.max(initial=0))
        if longest < length:
            raise FpbenchError(
                f"queries have {length} fingerprints, but the longest track of generator '{name}' "
                f"has {longest}",
                hint="ask for shorter queries with --query-length or --query-lengths, or fit the "
                "generator to longer recordings",
            )

    @property
    def rows_available(self) -> None:
        return None

    def rows(self, start: int, stop: int) -> Iterator[Vectors]:
        return self._chunks.rows(start, stop)

    def track_starts(self, stop: int) -> Int64[np.ndarray, " tracks"]:
        """Numbers of the first runs of the tracks below ``stop``; no fingerprints are drawn."""
        lengths, starts = self._generator.track_lengths, [np.zeros(0, dtype=np.int64)]
        for number in range(-(-stop // CHUNK)):
            kinds = choose_kinds(lengths, CHUNK, self._length, self._rng(number))
            runs = lengths[kinds] - self._length + 1
            starts.append(number * CHUNK + np.cumsum(runs) - runs)
        found = np.concatenate(starts)
        return found[found < stop]

    def _draw(self, number: int) -> Runs:
        return draw_runs(self._generator, self._name, CHUNK, self._length, self._rng(number))

    def _rng(self, number: int) -> np.random.Generator:
        return rng_at(self._seed, Stream.DISTRACTOR_CHUNK, self._repeat, number)


def draw_runs(
    generator: TrackGenerator, name: str, runs: int, length: int, rng: np.random.Generator
) -> Runs:
    """Draw whole tracks, and take so many runs of them.

    Args:
        generator: A generator with a track of this length or more.
        name: Name of the generator in errors.
        runs: Number of runs.
        length: Fingerprints in a run.
        rng: Random generator of the draw.
    """
    kinds = choose_kinds(generator.track_lengths, runs, length, rng)
    vectors = draw_tracks_checked(generator, name, kinds, rng)
    track = np.repeat(np.arange(len(kinds)), generator.track_lengths[kinds])
    starts = run_starts(track, np.ones(len(track), dtype=bool), length)
    return Runs(vectors, starts[:runs], length)


def choose_kinds(
    lengths: Int64[np.ndarray, " kinds"], runs: int, length: int, rng: np.random.Generator
) -> Int64[np.ndarray, " tracks"]:
    """Choose kinds of tracks at random, until they have so many runs together."""
    possible = np.flatnonzero(lengths >= length)
    chosen = possible[rng.integers(len(possible), size=runs)]  # each has one run or more
    total = np.cumsum(lengths[chosen] - length + 1)
    kinds: Int64[np.ndarray, " tracks"] = chosen[: int(np.searchsorted(total, runs)) + 1]
    return kinds


def no_tracks_error(generator: str, segments: int) -> FpbenchError:
    """The error where queries of several fingerprints meet a generator without tracks."""
    return FpbenchError(
        f"queries of {segments} fingerprints cannot be compared with those of generator "
        f"'{generator}', which are single and independent",
        hint="use a generator of tracks, such as --generator rectified-flow-tracks; or "
        "--distractors real, or queries of one segment, with --query-length or --query-lengths",
    )
