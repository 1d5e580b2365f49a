"""Simulate the tails of runs of synthetic tracks, for queries of several fingerprints.

A run of random noise scores above a threshold with a probability that subset simulation finds, as
it does for single fingerprints. Runs of one track are alike, so that they come before a match
together. The tracks of some simulated runs are drawn, and their J runs above the threshold are
counted. A track with J such runs is met J times as often as its number among all tracks, so that
a run above the threshold stands for 1/J tracks. (This is the sojourn method of Berman 1982 and of
Aldous 1989, "Probability Approximations via the Poisson Clumping Heuristic", section A8.)
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
from jaxtyping import Float32, Float64, Int64

from fpbench.cache import Store
from fpbench.evidence.tails import CLUSTER_SIZES, Tail
from fpbench.hashing import code_key, content_key
from fpbench.progress import Report
from fpbench.randomness import Stream, rng_at
from fpbench.search.parallel_batches import simulate_in_threads
from fpbench.search.run_noise import NoiseOfRuns, RunNoise
from fpbench.search.run_starts import START_RUNS, RunStart, RunStarts
from fpbench.search.sequences import run_starts
from fpbench.search.splitting import Decode, Particles, SplittingSettings, simulate
from fpbench.search.tails import BATCH, SimulationEffort

KIND = "run-tails"

TRACKS_OF_REPLICATE = 24
"""Runs of each replicate whose tracks are drawn: 1/J of a query is then known to about 10 %."""

TRACKS_OF_THRESHOLD = 2
"""The same for a threshold of all queries, where their mean is all that is wanted."""

_BATCH_BYTES = 2**26  # noise of the particles of a batch
_TRACKS, _OF_THRESHOLDS = 1, 3  # addresses in Stream.TAIL, after the number of the batch


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTailInputs:
    """What a simulation needs.

    Args:
        noise: Turns noise into runs.
        queries: The queries, each with its fingerprints as one long vector.
        length: Fingerprints in a query.
        match_scores: Score of each query's match for each tolerance.
        tolerances_s: Tolerances of a match; None means anywhere in the track.
        thresholds: Scores, the same for all queries, at which the tail is to be known, too.
        key: Key of the evidence.
        seed: Seed of the run.
        settings: Settings of the simulation.
    """

    noise: RunNoise = field(repr=False)
    queries: Float32[np.ndarray, "queries longer"] = field(repr=False)
    length: int
    match_scores: Float32[np.ndarray, "queries tolerances"] = field(repr=False)
    tolerances_s: tuple[float | None, ...]
    thresholds: Float64[np.ndarray, " thresholds"] = field(
        default_factory=lambda: np.zeros(0), repr=False
    )
    key: str
    seed: int
    settings: SplittingSettings = field(default_factory=SplittingSettings)

    @property
    def all_thresholds(self) -> Float32[np.ndarray, "queries thresholds"]:
        """The score of each query's match for every tolerance, then those for all queries."""
        same = np.broadcast_to(self.thresholds, (len(self.queries), len(self.thresholds)))
        return np.concatenate([self.match_scores, same.astype(np.float32)], axis=1)

    @property
    def starts(self) -> RunStarts:
        """The independent runs that the simulation starts from."""
        return RunStarts(
            noise=self.noise,
            queries=self.queries,
            thresholds=self.all_thresholds,
            replicates=self.settings.replicates,
            particles=self.settings.particles,
            examples=TRACKS_OF_REPLICATE,
            key=content_key(
                evidence=self.key,
                tolerances_s=list(self.tolerances_s),
                thresholds=self.thresholds.tolist(),
            ),
            seed=self.seed,
        )

    def batches(self) -> list[slice]:
        """Queries that are simulated together, and kept together in the cache."""
        settings, count = self.settings, len(self.queries)
        of_query = 4 * self.noise.noise_dim * settings.replicates * settings.particles
        length = max(1, min(BATCH, _BATCH_BYTES // of_query))
        return [slice(start, min(start + length, count)) for start in range(0, count, length)]

    def batch_key(self, batch: slice) -> str:
        """Key of the outcome of a batch of queries."""
        return content_key(
            code=code_key(__name__),
            evidence=self.key,
            tolerances_s=list(self.tolerances_s),
            thresholds=self.thresholds.tolist(),
            seed=self.seed,
            settings=asdict(self.settings),
            first=batch.start,
            stop=batch.stop,
        )

    def are_simulated(self, store: Store) -> bool:
        """Whether the outcomes of all queries are in the cache; they are not read."""
        paths = [store.path(KIND, self.batch_key(batch), ".npz") for batch in self.batches()]
        return all(path.exists() and store.counts(path) for path in paths)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Outcome of a batch of queries, as it is kept in the cache.

    Args:
        log_p: As :attr:`Tail.log_p`, then as :attr:`Tail.threshold_log_p`.
        cluster_sizes: As :attr:`Tail.cluster_sizes`.
        counts: Decoded fingerprints, moves, and accepted moves.
        levels: Number of levels of each query.
    """

    log_p: Float64[np.ndarray, "queries thresholds replicates"]
    cluster_sizes: Float64[np.ndarray, "queries tolerances sizes"]
    counts: Int64[np.ndarray, " 3"]
    levels: Int64[np.ndarray, " queries"]


def simulate_run_tails(
    inputs: RunTailInputs, store: Store, report: Report, *, threads: int | None = None
) -> tuple[Tail, SimulationEffort]:
    """Simulate all queries in batches; finished ones are read from the cache.

    Args:
        report: Progress callback.
        threads: As for :func:`fpbench.search.tails.simulate_tails`.
    """
    outcomes = []
    for batch, outcome in _outcomes(inputs, store, threads):
        outcomes.append(outcome)
        report(batch.stop / len(inputs.queries), f"{batch.stop} of {len(inputs.queries)} queries")
    tolerances = [np.inf if tolerance is None else tolerance for tolerance in inputs.tolerances_s]
    decoded, moves, accepted = np.sum([one.counts for one in outcomes], axis=0).tolist()
    log_p = np.concatenate([one.log_p for one in outcomes])
    of_matches, of_thresholds = np.split(log_p, [len(tolerances)], axis=1)
    tail = Tail(
        np.array(tolerances, dtype=np.float64),
        of_matches,
        cluster_sizes=np.concatenate([one.cluster_sizes for one in outcomes]),
    )
    if len(inputs.thresholds):
        known = of_thresholds.astype(np.float32)
        tail = replace(tail, thresholds=inputs.thresholds, threshold_log_p=known)
    return tail, SimulationEffort(
        searched=0,
        drawn=START_RUNS,
        decoded=decoded + START_RUNS * inputs.length,
        levels=max(int(one.levels.max()) for one in outcomes),
        accepted=accepted / max(moves, 1),
    )


def _outcomes(
    inputs: RunTailInputs, store: Store, threads: int | None
) -> Iterator[tuple[slice, _Outcome]]:
    batches = inputs.batches()
    kept = [store.read(KIND, inputs.batch_key(batch)) for batch in batches]
    missing = [batch for batch, arrays in zip(batches, kept, strict=True) if arrays is None]
    simulated = _simulate_batches(inputs, missing, store, threads)
    for batch, arrays in zip(batches, kept, strict=True):
        yield (
            batch,
            _Outcome(**arrays) if arrays else _write(store, inputs, batch, next(simulated)),
        )


def _write(store: Store, inputs: RunTailInputs, batch: slice, outcome: _Outcome) -> _Outcome:
    arrays = {name: getattr(outcome, name) for name in _Outcome.__dataclass_fields__}
    store.write(KIND, inputs.batch_key(batch), arrays)
    return outcome


def _simulate_batches(
    inputs: RunTailInputs, batches: Sequence[slice], store: Store, threads: int | None
) -> Iterator[_Outcome]:
    start = inputs.starts.draw(store)  # only if a batch is missing
    yield from simulate_in_threads(
        lambda batch, decode: _Batch(inputs, batch, start, decode).simulate(),
        batches,
        inputs.noise.decode,
        noise_bytes=_BATCH_BYTES,
        threads=threads,
    )


class _Batch:
    """The simulation of some queries."""

    def __init__(
        self, inputs: RunTailInputs, batch: slice, start: RunStart, decode: Decode
    ) -> None:
        self._inputs, self._batch, self._start = inputs, batch, start.part(batch)
        self._decode = decode
        # The tracks of matches do not depend on whether there are other thresholds.
        self._rng, self._rng_of_thresholds = (
            rng_at(inputs.seed, Stream.TAIL, batch.start, address)
            for address in (_TRACKS, _OF_THRESHOLDS)
        )
        self._thresholds = inputs.all_thresholds[batch]
        self._share = np.ones((*self._thresholds.shape, inputs.settings.replicates))  # of 1/J
        self._sizes = np.zeros((*inputs.match_scores[batch].shape, CLUSTER_SIZES))
        self._sizes[:, :, 0] = 1.0
        self._decoded = 0

    def simulate(self) -> _Outcome:
        """Simulate the probabilities of runs, and divide them by the sizes of clusters."""
        inputs, settings = self._inputs, self._inputs.settings
        seeds = self._start.tail.seeds(settings.replicates, settings.particles)
        found = simulate(
            self._decode,
            inputs.queries[self._batch],
            Particles(
                noise=inputs.starts.noise_of(seeds.rows),
                scores=seeds.scores,
                level=seeds.level,
                log_p=self._start.tail.log_p(seeds.level, settings.replicates, above=True),
            ),
            self._thresholds,
            settings=settings,
            rng=rng_at(inputs.seed, Stream.TAIL, self._batch.start),
            coarse=len(inputs.thresholds),
            reached=self.measure_clusters,
        )
        self._measure_counted(seeds.level)
        log_p = np.where(np.isnan(found.log_p), self._start.log_p, found.log_p)
        moves = int(found.moves.sum())
        return _Outcome(
            log_p + np.log(self._share),
            self._sizes,
            np.array([self._decoded + moves * inputs.length, moves, found.accepted.sum()]),
            found.levels,
        )

    def measure_clusters(
        self,
        query: int,
        place: int,
        noise: Float32[np.ndarray, "replicates particles run_dim"],
        above: np.ndarray,
    ) -> None:
        """Draw tracks of runs above a threshold, and count such runs in them.

        Args:
            query: Number of the query in the batch.
            place: Number of the threshold.
            noise: Noise of runs.
            above: Which of them score at least the threshold.
        """
        of_match, most = self._is_of_match(place), self._most_tracks(place)
        rng = self._rng if of_match else self._rng_of_thresholds
        chosen = [rng.permutation(np.flatnonzero(of_replicate))[:most] for of_replicate in above]
        runs = np.concatenate([noise[number, each] for number, each in enumerate(chosen)])
        if not len(runs):
            return
        count = self._count_runs(query, place, runs, rng)
        inverse = 1 / count
        edges = np.cumsum([len(each) for each in chosen])[:-1]
        self._share[query, place] = [
            each.mean() if len(each) else inverse.mean() for each in np.split(inverse, edges)
        ]
        if of_match:
            sizes = np.bincount(count, weights=inverse, minlength=CLUSTER_SIZES + 1)
            self._sizes[query, place] = sizes[1 : CLUSTER_SIZES + 1] / sizes.sum()

    def _count_runs(
        self, query: int, place: int, runs: NoiseOfRuns, rng: np.random.Generator
    ) -> Int64[np.ndarray, " runs"]:
        """How many runs of the track of each run score at least the threshold, itself included."""
        vectors, lengths = self._inputs.noise.draw_tracks(runs, rng)
        self._decoded += len(vectors)
        length = self._inputs.length
        wanted = self._inputs.queries[self._batch][query].reshape(length, -1)
        products = vectors @ (wanted / np.float32(np.sqrt(length))).T
        last = len(vectors) - length + 1
        scores = sum(products[row : row + last, row] for row in range(length))
        track = np.repeat(np.arange(len(lengths)), lengths)
        starts = run_starts(track, np.ones(len(track), dtype=bool), length)
        reached = np.asarray(scores)[starts] >= self._thresholds[query, place]
        count = np.bincount(track[starts], weights=reached, minlength=len(lengths))
        return np.maximum(count.astype(np.int64), 1)  # but for rounding, one is above

    def _measure_counted(self, level: Float32[np.ndarray, " queries"]) -> None:
        """Measure clusters where the probability was counted, from runs of the start."""
        counted = np.argwhere(self._thresholds <= level[:, None]).tolist()
        if not counted:
            return
        examples = [
            self._start.examples[query, place, :, : self._most_tracks(place)]
            for query, place in counted
        ]
        rows = np.unique(np.concatenate([np.zeros(1, dtype=np.int64), *map(np.ravel, examples)]))
        rows = rows[rows >= 0]
        noise = self._inputs.starts.noise_of(rows)
        for (query, place), own in zip(counted, examples, strict=True):
            of_own = noise[np.searchsorted(rows, np.maximum(own, 0))]
            self.measure_clusters(query, place, of_own, own >= 0)

    def _most_tracks(self, place: int) -> int:
        return TRACKS_OF_REPLICATE if self._is_of_match(place) else TRACKS_OF_THRESHOLD

    def _is_of_match(self, place: int) -> bool:
        """Whether a threshold is the score of each query's match."""
        return bool(place < self._sizes.shape[1])
