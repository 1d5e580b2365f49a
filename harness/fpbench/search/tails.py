"""Simulate the tails of synthetic distractors, beyond the rows that were searched."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace

import numpy as np
from jaxtyping import Float32, Float64

from fpbench.cache import Store
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.tails import Tail
from fpbench.hashing import code_key, content_key
from fpbench.plugin.checked import decode_checked
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.generators import Noise, NoiseGenerator
from fpbench.progress import Report
from fpbench.randomness import Stream, rng_at
from fpbench.search.distractors import SyntheticDistractors
from fpbench.search.parallel_batches import simulate_in_threads
from fpbench.search.searched_tails import SearchedTail
from fpbench.search.splitting import Decode, Particles, Simulation, SplittingSettings, simulate

KIND = "tails"

BATCH = 128  # queries that are simulated together, and kept together in the cache

SEEDS_BYTES = 2**28  # noise in memory: for every so many seeds all noise is drawn again


@dataclass(frozen=True, slots=True, kw_only=True)
class TailInputs:
    """What a simulation needs.

    Args:
        generator: Generator of the distractors.
        name: Its name in errors.
        source: The distractors that were searched.
        queries: Fingerprints of the queries.
        evidence: Evidence of an exact search among these distractors.
        tolerances_s: Tolerances of a match; None means anywhere in the track.
        thresholds: Scores, the same for all queries, at which the tail is to be known, too.
        key: Key of the evidence.
        seed: Seed of the run.
        settings: Settings of the simulation.
    """

    generator: NoiseGenerator
    name: str
    source: SyntheticDistractors
    queries: Float32[np.ndarray, "queries dim"] = field(repr=False)
    evidence: Evidence = field(repr=False)
    tolerances_s: Sequence[float | None]
    thresholds: Float64[np.ndarray, " thresholds"] = field(
        default_factory=lambda: np.zeros(0), repr=False
    )
    key: str
    seed: int
    settings: SplittingSettings = field(default_factory=SplittingSettings)

    def decode(self, noise: Noise) -> Vectors:
        """Turn noise into fingerprints, and refuse invalid ones."""
        return decode_checked(self.generator, self.name, noise)

    def batch_key(self, batch: slice) -> str:
        """Key of the outcome of a batch of queries."""
        return content_key(
            code=code_key(__name__),
            evidence=self.key,
            edges=self.evidence.edges.tolist(),
            tolerances_s=list(self.tolerances_s),
            thresholds=self.thresholds.tolist(),
            seed=self.seed,
            settings=asdict(self.settings),
            first=batch.start,
            stop=batch.stop,
        )

    def are_simulated(self, store: Store) -> bool:
        """Whether the outcomes of all queries are in the cache; they are not read."""
        keys = map(self.batch_key, _batches(len(self.queries)))
        paths = [store.path(KIND, key, ".npz") for key in keys]
        return all(path.exists() and store.counts(path) for path in paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationEffort:
    """What a simulation did.

    Args:
        searched: Number of rows of the evidence that it started from.
        drawn: Number of rows that were drawn to start from, in place of those.
        decoded: Number of fingerprints that it decoded.
        levels: Number of levels of the query that needed most.
        accepted: Share of accepted moves.
    """

    searched: int
    drawn: int = 0
    decoded: int
    levels: int
    accepted: float


def simulate_tails(
    inputs: TailInputs, store: Store, report: Report, *, threads: int | None = None
) -> tuple[Tail, SimulationEffort]:
    """Simulate all queries in batches; finished ones are read from the cache.

    Args:
        report: Progress callback.
        threads: Batches to simulate at the same time, which changes no outcome; None means one for
            each core.
    """
    searched = SearchedTail.of_evidence(inputs.evidence)
    thresholds = _all_thresholds(inputs)
    outcomes: list[Simulation] = []
    log_p = []
    for batch, outcome in _simulations(inputs, store, searched, thresholds, threads):
        outcomes.append(outcome)
        log_p.append(_log_p(outcome, searched.part(batch), thresholds[batch]))
        report(batch.stop / len(thresholds), f"{batch.stop} of {len(thresholds)} queries")
    tolerances = [np.inf if tolerance is None else tolerance for tolerance in inputs.tolerances_s]
    decoded = sum(int(outcome.moves.sum()) for outcome in outcomes)
    accepted = sum(int(outcome.accepted.sum()) for outcome in outcomes)
    of_matches, of_thresholds = np.split(np.concatenate(log_p), [len(tolerances)], axis=1)
    tail = Tail(np.array(tolerances, dtype=np.float64), of_matches)
    if len(inputs.thresholds):
        known = of_thresholds.astype(np.float32)
        tail = replace(tail, thresholds=inputs.thresholds, threshold_log_p=known)
    return tail, SimulationEffort(
        searched=searched.searched,
        decoded=decoded,
        levels=max(int(outcome.levels.max()) for outcome in outcomes),
        accepted=accepted / max(decoded, 1),
    )


def _all_thresholds(inputs: TailInputs) -> Float32[np.ndarray, "queries thresholds"]:
    """The score of each query's match for every tolerance, then the thresholds for all queries."""
    scores = [inputs.evidence.match_scores(tolerance) for tolerance in inputs.tolerances_s]
    same = [np.full(len(inputs.queries), each, dtype=np.float32) for each in inputs.thresholds]
    return np.stack([*scores, *same], axis=1)


def _simulations(
    inputs: TailInputs,
    store: Store,
    searched: SearchedTail,
    thresholds: Float32[np.ndarray, "queries thresholds"],
    threads: int | None,
) -> Iterator[tuple[slice, Simulation]]:
    count, settings = len(thresholds), inputs.settings
    batches = _batches(count)
    batch_bytes = 4 * inputs.generator.noise_dim * settings.replicates * settings.particles * BATCH
    at_once = max(1, SEEDS_BYTES // batch_bytes)

    def simulate_batch(one: tuple[slice, Particles], decode: Decode) -> Simulation:
        batch, start = one
        return _simulate_batch(inputs, batch, start, thresholds[batch], decode)

    for first in range(0, len(batches), at_once):
        group = batches[first : first + at_once]
        kept = [_read(store, inputs, batch) for batch in group]
        missing = [batch for batch, outcome in zip(group, kept, strict=True) if outcome is None]
        starts = _start_particles(inputs, searched, missing)
        simulated = simulate_in_threads(
            simulate_batch,
            zip(missing, starts, strict=True),
            inputs.decode,
            noise_bytes=batch_bytes,
            threads=threads,
        )
        for batch, known in zip(group, kept, strict=True):
            yield batch, known or _write(store, inputs, batch, next(simulated))


def _batches(queries: int) -> list[slice]:
    return [slice(start, min(start + BATCH, queries)) for start in range(0, queries, BATCH)]


def _read(store: Store, inputs: TailInputs, batch: slice) -> Simulation | None:
    arrays = store.read(KIND, inputs.batch_key(batch))
    return None if arrays is None else Simulation(**arrays)


def _write(store: Store, inputs: TailInputs, batch: slice, outcome: Simulation) -> Simulation:
    arrays = {one.name: getattr(outcome, one.name) for one in fields(outcome)}
    store.write(KIND, inputs.batch_key(batch), arrays)
    return outcome


def _start_particles(
    inputs: TailInputs, searched: SearchedTail, batches: Sequence[slice]
) -> list[Particles]:
    """The searched rows above the first level of each query; their noise is drawn again at once."""
    if not batches:
        return []
    replicates, particles = inputs.settings.replicates, inputs.settings.particles
    parts = [searched.part(batch) for batch in batches]
    seeds = [part.seeds(replicates, particles) for part in parts]
    rows = np.concatenate([one.rows for one in seeds])
    noise = inputs.source.noise(rows.reshape(-1), inputs.generator.noise_dim)
    ends = np.cumsum([len(one.rows) for one in seeds])[:-1]
    noises = np.split(noise.reshape(*rows.shape, -1), ends)
    return [
        Particles(
            noise=noise_of_part,
            scores=one.scores,
            level=one.level,
            log_p=part.log_p(one.level, replicates, above=True),
        )
        for part, one, noise_of_part in zip(parts, seeds, noises, strict=True)
    ]


def _simulate_batch(
    inputs: TailInputs,
    batch: slice,
    start: Particles,
    thresholds: Float32[np.ndarray, "queries thresholds"],
    decode: Decode,
) -> Simulation:
    return simulate(
        decode,
        inputs.queries[batch],
        start,
        thresholds,
        settings=inputs.settings,
        rng=rng_at(inputs.seed, Stream.TAIL, batch.start // BATCH),
        coarse=len(inputs.thresholds),
    )


def _log_p(
    simulated: Simulation,
    searched: SearchedTail,
    thresholds: Float32[np.ndarray, "queries thresholds"],
) -> Float64[np.ndarray, "queries thresholds replicates"]:
    """The simulated probabilities, or the counted ones where nothing had to be simulated."""
    replicates = simulated.log_p.shape[2]
    counted = [searched.log_p(column, replicates) for column in thresholds.T]
    return np.where(np.isnan(simulated.log_p), np.stack(counted, axis=1), simulated.log_p)
