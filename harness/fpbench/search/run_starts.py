"""Independent runs of synthetic tracks, from which the simulation of their tails starts.

The searched runs would not do: runs of one track are alike, and a shortlist may be full of those of
one. Independent ones are exact draws, and any part of them is a replicate.
"""

from dataclasses import dataclass, field, fields

import numpy as np
from jaxtyping import Float32, Float64, Int64

from fpbench.cache import Store
from fpbench.hashing import code_key, content_key
from fpbench.plugin.generators import draw_noise
from fpbench.randomness import Stream, rng_at
from fpbench.search.distractors import CHUNK
from fpbench.search.run_noise import NoiseOfRuns, RunNoise
from fpbench.search.searched_tails import SearchedTail

KIND = "run-starts"

START_RUNS = 100_000
"""Number of independent runs: the best 200 of them are of a probability of 0.002."""

_QUERIES_AT_ONCE = 1_000  # that are compared with a chunk
_START = 2  # address in Stream.TAIL, after the number of the chunk


@dataclass(frozen=True, slots=True)
class RunStart:
    """What is known of the independent runs for each query.

    Args:
        rows: Numbers of the runs that score best.
        scores: Their scores.
        log_p: Natural logarithm of the share of runs that score at least each threshold, in each
            replicate; run n belongs to the replicate that n leaves modulo their number.
        examples: Numbers of some runs of each replicate that score at least each threshold, -1
            where there is none.
    """

    rows: Int64[np.ndarray, "queries best"]
    scores: Float32[np.ndarray, "queries best"]
    log_p: Float64[np.ndarray, "queries thresholds replicates"]
    examples: Int64[np.ndarray, "queries thresholds replicates examples"]

    @property
    def tail(self) -> SearchedTail:
        """The best runs, complete above the least of their scores."""
        return SearchedTail(self.rows, self.scores, self.scores.min(axis=1), START_RUNS)

    def part(self, queries: slice) -> "RunStart":
        """What is known for some queries."""
        return RunStart(*(getattr(self, one.name)[queries] for one in fields(self)))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarts:
    """Draws the runs; chunk c is at an address of its own.

    Args:
        noise: Turns noise into runs.
        queries: The queries, each as one long vector.
        thresholds: Scores for each query, whose probability is wanted.
        replicates: Number of replicates.
        particles: Particles of each replicate.
        examples: Number of runs of each replicate to remember for each threshold.
        key: Key of the queries, the generator and the thresholds.
        seed: Seed of the run.
    """

    noise: RunNoise = field(repr=False)
    queries: Float32[np.ndarray, "queries longer"] = field(repr=False)
    thresholds: Float32[np.ndarray, "queries thresholds"] = field(repr=False)
    replicates: int
    particles: int
    examples: int
    key: str
    seed: int

    def draw(self, store: Store) -> RunStart:
        """Draw all runs and compare them with all queries, unless it is in the cache."""
        key = content_key(
            code=code_key(__name__),
            of=self.key,
            replicates=self.replicates,
            particles=self.particles,
            examples=self.examples,
            seed=self.seed,
        )
        arrays = store.read(KIND, key)
        if arrays is None:
            start = self._draw()
            arrays = {one.name: getattr(start, one.name) for one in fields(start)}
            store.write(KIND, key, arrays)
        return RunStart(**arrays)

    def noise_of(self, rows: Int64[np.ndarray, "*shape"]) -> Float32[np.ndarray, "*shape run_dim"]:
        """The noise of some runs, which is drawn again."""
        wanted = rows.reshape(-1)
        found = np.empty((len(wanted), self.noise.noise_dim), dtype=np.float32)
        for chunk in np.unique(wanted // CHUNK).tolist():
            here = wanted // CHUNK == chunk
            found[here] = self._chunk(chunk)[wanted[here] - chunk * CHUNK]
        return found.reshape(*rows.shape, -1)

    def _chunk(self, number: int) -> NoiseOfRuns:
        rng = rng_at(self.seed, Stream.TAIL, number, _START)
        return draw_noise(CHUNK, self.noise.noise_dim, rng)

    def _draw(self) -> RunStart:
        queries, thresholds = self.thresholds.shape
        best = self.replicates * self.particles + 1  # the score of the last one is the first level
        counts = np.zeros((queries, thresholds, self.replicates), dtype=np.int64)
        start = RunStart(
            rows=np.full((queries, best), -1, dtype=np.int64),
            scores=np.full((queries, best), -np.inf, dtype=np.float32),
            log_p=np.zeros(counts.shape),
            examples=np.full((*counts.shape, self.examples), -1, dtype=np.int64),
        )
        for chunk in range(START_RUNS // CHUNK):
            runs = self.noise.decode(self._chunk(chunk))
            for first in range(0, queries, _QUERIES_AT_ONCE):
                part = slice(first, first + _QUERIES_AT_ONCE)
                products = self.queries[part] @ runs.T
                self._compare(products, chunk, part, start.part(part), counts[part])
        with np.errstate(divide="ignore"):
            start.log_p[:] = np.log(counts / (START_RUNS / self.replicates))
        return start

    def _compare(
        self,
        products: Float32[np.ndarray, "part runs"],
        chunk: int,
        queries: slice,
        start: RunStart,
        counts: Int64[np.ndarray, "part thresholds replicates"],
    ) -> None:
        """Enter the runs of a chunk into what is known of some queries."""
        numbers = chunk * CHUNK + np.arange(CHUNK)
        for query, (scores, thresholds) in enumerate(
            zip(products, self.thresholds[queries], strict=True)
        ):
            reached = np.arange(len(numbers))
            for place in np.argsort(thresholds).tolist():
                reached = reached[scores[reached] >= thresholds[place]]
                if not len(reached):
                    break
                self._remember(numbers[reached], counts[query, place], start.examples[query, place])
        rows = np.concatenate([start.rows, np.broadcast_to(numbers, products.shape)], axis=1)
        scores = np.concatenate([start.scores, products], axis=1)
        best = start.rows.shape[1]
        kept = np.argpartition(-scores, best - 1, axis=1)[:, :best]
        start.rows[:] = np.take_along_axis(rows, kept, axis=1)
        start.scores[:] = np.take_along_axis(scores, kept, axis=1)

    def _remember(self, reached: np.ndarray, counts: np.ndarray, examples: np.ndarray) -> None:
        """Count runs that reach a threshold, and remember the first ones of each replicate."""
        for number in range(self.replicates):
            own = reached[reached % self.replicates == number]
            free = np.flatnonzero(examples[number] < 0)[: len(own)]
            examples[number, free] = own[: len(free)]
            counts[number] += len(own)
